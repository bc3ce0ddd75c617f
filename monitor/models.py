"""What is kept: calls, their taps, every change of a tap, who listened, and who did what in
the admin, and whose password is to be changed."""

from __future__ import annotations

import datetime
import uuid

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone


class Direction(models.TextChoices):
    """Which side of the call a tap carries (SignalWire's ``direction``)."""

    BOTH = "both", "Both sides"
    SPEAK = "speak", "What the party says"
    LISTEN = "listen", "What the party hears"


class TapState(models.TextChoices):
    """``requested → tapping → finished``, besides failed and lost."""

    REQUESTED = "requested", "Requested"
    TAPPING = "tapping", "Tapping"
    FINISHED = "finished", "Finished"
    FAILED = "failed", "Failed"  # never started
    LOST = "lost", "Lost"  # ended and nobody told us


#: States a tap leaves only when a late ``finished`` corrects lost or failed, or when the
#: media of a lost one comes back.
ENDED = (TapState.FINISHED, TapState.FAILED, TapState.LOST)
#: States in which a tap takes no media any more.
FINAL = (TapState.FINISHED, TapState.FAILED)


class Call(models.Model):
    """One phone call, as SignalWire identifies it."""

    call_id = models.CharField("call ID", max_length=255, unique=True)
    agent = models.CharField(max_length=100, blank=True, db_index=True)
    caller = models.CharField("caller number", max_length=64, blank=True, db_index=True)
    caller_name = models.CharField(max_length=100, blank=True)
    project_id = models.CharField("project ID", max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.call_id


class Tap(models.Model):
    """One media stream of a call.

    ``state`` is signalling; ``media_…`` and the counters are what arrived. The
    two are separate witnesses: either may be missing, in any order. Only
    ``monitor.taps`` and ``monitor.media`` write here.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.ForeignKey(Call, models.CASCADE, related_name="taps")
    control_id = models.CharField("control ID", max_length=255)
    direction = models.CharField(max_length=6, choices=Direction, default=Direction.BOTH)
    codec = models.CharField(max_length=8, default="PCMU")
    transport = models.CharField(max_length=4, default="ws")
    reason = models.CharField("asked for because", max_length=200, blank=True)

    state = models.CharField(max_length=9, choices=TapState, default=TapState.REQUESTED)
    end_reason = models.CharField(max_length=200, blank=True)
    transitions = models.PositiveIntegerField(
        default=0, editable=False, help_text="so far: of two messages, the newer has more"
    )
    requested_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    stop_requested_at = models.DateTimeField(
        "asked to stop", null=True, blank=True, help_text="nobody new may listen since then"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    content_type = models.CharField("announced type", max_length=200, blank=True)
    media_socket = models.CharField(max_length=32, blank=True, editable=False)
    media_opened_at = models.DateTimeField(null=True, blank=True)
    media_closed_at = models.DateTimeField(null=True, blank=True)
    #: When the process of its media connection last gave a sign of life, with audio or without.
    media_seen_at = models.DateTimeField(null=True, blank=True, editable=False)
    silent_since = models.DateTimeField(
        "no audio since", null=True, blank=True, help_text="of the media connection that is open"
    )
    frames = models.PositiveBigIntegerField(default=0, help_text="messages with audio")
    bytes = models.PositiveBigIntegerField(default=0, help_text="bytes of encoded audio")
    gaps = models.PositiveIntegerField(default=0, help_text="places where audio is missing")
    rtp = models.JSONField("packets", null=True, blank=True, help_text="of an RTP tap")

    class Meta:
        ordering = ("-requested_at",)
        constraints = [
            models.UniqueConstraint(fields=("call", "control_id"), name="tap_of_call"),
        ]
        indexes = [
            models.Index(fields=("state", "requested_at")),
            models.Index(fields=("-requested_at",)),
            models.Index(fields=("control_id",)),
        ]
        permissions = [("listen_tap", "Can listen to live taps")]

    def __str__(self) -> str:
        return self.control_id

    @property
    def duration(self) -> datetime.timedelta | None:
        """From start to end, or until now while it runs; None if it never started."""
        if self.started_at is None:
            return None
        return (self.ended_at or timezone.now()) - self.started_at


class RtpLease(models.Model):
    """A UDP port that is one tap's, and nobody else's until some time after the tap's end.

    Rows, so that leases survive every process and two can never have the same.
    """

    tap = models.OneToOneField(Tap, models.CASCADE, related_name="rtp_lease")
    address = models.GenericIPAddressField("IP address")  # RTP_PUBLIC_IP
    port = models.PositiveIntegerField()
    source_addr = models.GenericIPAddressField("sender's IP address", null=True, blank=True)
    source_port = models.PositiveIntegerField("sender's port", null=True, blank=True)
    heard_at = models.DateTimeField(
        null=True, blank=True, help_text="last known busy: the tap's end, or a packet after it"
    )

    class Meta:
        verbose_name = "RTP lease"
        constraints = [
            models.UniqueConstraint(fields=("address", "port"), name="port_of_address"),
        ]

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


class TapEvent(models.Model):
    """One thing that happened to a tap: a transition (old ≠ new) or a note."""

    tap = models.ForeignKey(Tap, models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    old = models.CharField(max_length=9, choices=TapState, blank=True)
    new = models.CharField(max_length=9, choices=TapState)
    reason = models.CharField(max_length=300)
    payload = models.JSONField(null=True, blank=True)
    # SHA-256 of a webhook's raw body. SignalWire sends no event id, so equal
    # bytes are what makes two posts the same.
    digest = models.CharField(  # noqa: DJ001  null is not equal to null: notes have none
        max_length=64, null=True, editable=False
    )
    repeats = models.PositiveIntegerField(default=0, help_text="times the same post came again")

    class Meta:
        ordering = ("at", "id")
        constraints = [
            models.UniqueConstraint(fields=("tap", "digest"), name="post_of_tap"),
        ]

    def __str__(self) -> str:
        change = f"{self.old} → {self.new}" if self.old != self.new else self.new
        return f"{change}: {self.reason}"


class ListenSession(models.Model):
    """Who heard which tap, from when to when. Written before the first audio byte."""

    tap = models.ForeignKey(Tap, models.PROTECT, related_name="listens")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="listens"
    )
    username = models.CharField(
        max_length=150, db_index=True, help_text="kept when the user is deleted"
    )
    address = models.CharField("IP address", max_length=45, blank=True, db_index=True)
    user_agent = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=100, blank=True)
    frames = models.PositiveBigIntegerField(default=0, help_text="frames sent")
    dropped = models.PositiveBigIntegerField(default=0, help_text="frames dropped: too slow")

    class Meta:
        ordering = ("-started_at",)
        indexes = [
            models.Index(fields=("tap", "ended_at")),
            models.Index(fields=("-started_at",)),
            models.Index(fields=("user", "-started_at")),
            models.Index(
                fields=("-started_at",), condition=models.Q(ended_at=None), name="listening_now"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.who} on {self.tap_id}"

    @property
    def who(self) -> str:
        return account_label(self.username, self.user_id)

    @property
    def duration(self) -> datetime.timedelta:
        return (self.ended_at or timezone.now()) - self.started_at


class AdminAction(models.Model):
    """What somebody did in the admin: each page of the history read, each export, each change.

    It takes the place of Django's LogEntry, which is deleted together with its user: here
    the user may go, and what they did stays under their name.
    """

    class Kind(models.TextChoices):
        """What was done."""

        LOOKED_AT = "looked at", "Looked at"
        EXPORTED = "exported", "Exported"
        ADDED = "added", "Added"
        CHANGED = "changed", "Changed"
        DELETED = "deleted", "Deleted"

    at = models.DateTimeField(default=timezone.now)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="admin_actions"
    )
    username = models.CharField(
        max_length=150, db_index=True, help_text="kept when the user is deleted"
    )
    kind = models.CharField("what", max_length=9, choices=Kind)
    content_type = models.ForeignKey(
        ContentType, models.SET_NULL, null=True, related_name="+", verbose_name="type"
    )
    object_id = models.CharField("object ID", max_length=255, blank=True, db_index=True)
    object_repr = models.CharField("object", max_length=200, db_index=True)
    message = models.TextField("details", blank=True, help_text="which fields were changed")

    class Meta:
        ordering = ("-at",)
        indexes = [
            models.Index(fields=("-at",)),
            models.Index(fields=("content_type", "object_id")),
        ]

    def __str__(self) -> str:
        return f"{self.who}: {self.get_kind_display()} {self.object_repr}"

    @property
    def who(self) -> str:
        return account_label(self.username, self.user_id)


class AssignedPassword(models.Model):
    """Says that somebody else knows a user's password, because they set it.

    The row goes when the user chooses another one; until then the user may do nothing else.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True)

    def __str__(self) -> str:
        return f"of user {self.user_id}"


def account_label(username: str, user_id: int | None) -> str:
    """Return a user's name with what tells it from another account that had the same name."""
    return f"{username} (user {user_id})" if user_id else f"{username} (deleted user)"
