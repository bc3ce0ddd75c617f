"""Taps, and what has happened to them."""

from __future__ import annotations

import datetime
import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from monitor.models.call import Call
from monitor.models.encrypted import EncryptedCharField, EncryptedJSONField


class Direction(models.TextChoices):
    """Which side of the call a tap carries (SignalWire's ``direction``)."""

    BOTH = "both", _("Both sides")
    SPEAK = "speak", _("Caller only")
    LISTEN = "listen", _("Agent only")


class Transport(models.TextChoices):
    """How the media of a tap reaches Earshot."""

    WS = "ws", "WebSocket"
    RTP = "rtp", "RTP"


class Notice(models.TextChoices):
    """How the parties of a call were told that it is listened to, as its agent is set up to do."""

    ANNOUNCED = "announced", _("Announcement")
    TONE = "tone", _("Tone")
    CONTRACT = "contract", _("Contract")
    CONSENT = "consent", _("Consent was asked for")


class TapState(models.TextChoices):
    """The state of a tap, with the word that pages and the admin show for it.

    A tap goes from requested to tapping to finished. A tap that never started has failed; a tap
    whose end was never reported is lost.
    """

    REQUESTED = "requested", _("Starting")
    TAPPING = "tapping", _("Live")
    FINISHED = "finished", _("Ended")
    FAILED = "failed", _("Failed")
    LOST = "lost", _("Lost")


class CallState(models.TextChoices):
    """The state of a call, with the word that pages and the admin show for it.

    It is that of a tap, but for a call that goes on and is not tapped.
    """

    REQUESTED = TapState.REQUESTED.value, TapState.REQUESTED.label
    TAPPING = TapState.TAPPING.value, TapState.TAPPING.label
    UNTAPPED = "untapped", _("Not tapped")
    FINISHED = TapState.FINISHED.value, TapState.FINISHED.label
    FAILED = TapState.FAILED.value, TapState.FAILED.label
    LOST = TapState.LOST.value, TapState.LOST.label


#: A tap leaves these states only when a late ``finished`` corrects lost or failed, or when the
#: media of a lost tap comes back.
ENDED = (TapState.FINISHED, TapState.FAILED, TapState.LOST)
#: In these states a tap accepts no more media.
FINAL = (TapState.FINISHED, TapState.FAILED)


class Tap(models.Model):
    """One media stream of a call.

    ``state`` is what signalling says; ``media_…`` and the counters are what arrived. These
    two witnesses are independent: they come in any order, and either may be missing. The modules
    of ``monitor.services`` alone write this row, and ``transitions`` alone its state.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.ForeignKey(Call, models.CASCADE, related_name="taps", verbose_name=_("call"))
    #: The call's. An index of this table has the taps of an agent in their order only because it
    #: is here too. ``services.calls`` keeps it.
    agent = models.CharField(
        _("agent"), max_length=100, blank=True, default="", db_default="", editable=False
    )
    control_id = models.CharField(_("control ID"), max_length=255)
    direction = models.CharField(
        _("direction"), max_length=6, choices=Direction, default=Direction.BOTH
    )
    codec = models.CharField(_("codec"), max_length=8, default="PCMU")
    transport = models.CharField(
        _("transport"), max_length=4, choices=Transport, default=Transport.WS
    )
    reason = EncryptedCharField(_("asked for because"), max_length=200, blank=True)
    notice = models.CharField(
        _("parties told by"),
        max_length=9,
        choices=Notice,
        blank=True,
        help_text=_("how the parties were told that the call is listened to, if they were"),
    )

    state = models.CharField(_("state"), max_length=9, choices=TapState, default=TapState.REQUESTED)
    end_reason = models.CharField(_("ended because"), max_length=200, blank=True)
    transitions = models.PositiveIntegerField(
        _("transitions"),
        default=0,
        editable=False,
        help_text=_("how often the state has changed: the newer of two messages has more"),
    )
    requested_at = models.DateTimeField(_("requested"), default=timezone.now)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    stop_requested_at = models.DateTimeField(
        _("asked to stop"),
        null=True,
        blank=True,
        help_text=_("since then nobody else may start to listen"),
    )
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    content_type = models.CharField(_("announced type"), max_length=200, blank=True)
    media_connection = models.CharField(max_length=32, blank=True, editable=False)
    media_opened_at = models.DateTimeField(_("connected"), null=True, blank=True)
    media_closed_at = models.DateTimeField(_("disconnected"), null=True, blank=True)
    #: The last heartbeat of the process that serves the media connection; it needs no audio.
    media_seen_at = models.DateTimeField(null=True, blank=True, editable=False)
    silent_since = models.DateTimeField(
        _("no audio since"),
        null=True,
        blank=True,
        help_text=_("when the open media connection last brought audio, if it brings none"),
    )
    frames = models.PositiveBigIntegerField(
        _("frames"), default=0, help_text=_("messages with audio")
    )
    bytes = models.PositiveBigIntegerField(
        _("bytes"), default=0, help_text=_("bytes of encoded audio")
    )
    gaps = models.PositiveIntegerField(
        _("gaps"), default=0, help_text=_("places where audio is missing")
    )
    rtp = models.JSONField(
        _("packets"), null=True, blank=True, help_text=_("packet figures of an RTP tap")
    )

    class Meta:
        verbose_name = _("tap")
        verbose_name_plural = _("taps")
        ordering = ("-requested_at",)
        constraints = [
            models.UniqueConstraint(fields=("call", "control_id"), name="tap_of_call"),
        ]
        indexes = [
            models.Index(fields=("state", "requested_at")),
            models.Index(fields=("-requested_at",)),
            models.Index(fields=("control_id",)),
            # What the history filters by, each with its newest taps first.
            models.Index(fields=("agent", "-requested_at"), name="tap_of_agent"),
            models.Index(fields=("direction", "-requested_at"), name="tap_of_direction"),
            models.Index(fields=("codec", "-requested_at"), name="tap_of_codec"),
            models.Index(fields=("transport", "-requested_at"), name="tap_of_transport"),
        ]
        permissions = [
            ("listen_tap", _("Can listen to live taps")),
            ("start_tap", _("Can start taps of running calls")),
            ("stop_tap", _("Can stop taps")),
        ]

    def __str__(self) -> str:
        return self.control_id

    @property
    def has_ended(self) -> bool:
        """Whether the tap is over, as far as is known: the media of a lost one may come back."""
        return self.state in ENDED

    @property
    def is_open(self) -> bool:
        """Whether a new listener may hear the tap."""
        return not self.has_ended and self.stop_requested_at is None

    @property
    def duration(self) -> datetime.timedelta | None:
        """The time from start to end, or to now while the tap is live; None if it never started."""
        return lasted(self.started_at, self.ended_at)


def lasted(
    started_at: datetime.datetime | None, ended_at: datetime.datetime | None
) -> datetime.timedelta | None:
    """Return how long something has lasted until its end or now; None if it has not started."""
    return None if started_at is None else (ended_at or timezone.now()) - started_at


class TapEvent(models.Model):
    """An entry in a tap's timeline: a transition (old ≠ new) or a note."""

    tap = models.ForeignKey(Tap, models.CASCADE, related_name="events", verbose_name=_("tap"))
    at = models.DateTimeField(_("time"), default=timezone.now)
    old = models.CharField(_("old state"), max_length=9, choices=TapState, blank=True)
    new = models.CharField(_("new state"), max_length=9, choices=TapState)
    reason = models.CharField(_("reason"), max_length=300)
    payload = EncryptedJSONField(_("payload"), null=True, blank=True)
    # SHA-256 of a webhook's raw body. SignalWire sends no event ID, so two posts are the same if
    # their bytes are.
    digest = models.CharField(  # noqa: DJ001  notes have none, and null is not equal to null
        max_length=64, null=True, editable=False
    )
    repeats = models.PositiveIntegerField(
        _("repeats"), default=0, help_text=_("how often the same webhook came again")
    )

    class Meta:
        verbose_name = _("tap event")
        verbose_name_plural = _("tap events")
        ordering = ("at", "id")
        constraints = [
            models.UniqueConstraint(fields=("tap", "digest"), name="post_of_tap"),
        ]

    def __str__(self) -> str:
        change = f"{self.old} → {self.new}" if self.old != self.new else self.new
        return f"{change}: {self.reason}"
