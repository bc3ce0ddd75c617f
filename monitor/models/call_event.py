"""What is said and done in calls, as the carrier tells it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from monitor.models.call import Call
from monitor.models.encrypted import EncryptedJSONField, EncryptedTextField

#: The kinds of which each says that an agent's part in a call is over.
ENDINGS = ("session_end", "post_conversation")


class EventSource(models.TextChoices):
    """When the carrier told of an event: while the call went on, or in its record of the call."""

    LIVE = "live", _("Live")
    AUTHORITY = "authority", _("Record of the call")


class CallEvent(models.Model):
    """One thing that was said or done in a call.

    ``services.call_events`` alone writes this row, without card numbers. Live events come in any
    order, and some never; ``services.conversation`` makes one conversation of them and of the
    carrier's record, which is right where the two differ.
    """

    call = models.ForeignKey(Call, models.CASCADE, related_name="events", verbose_name=_("call"))
    agent = models.CharField(_("agent"), max_length=100, blank=True)
    at = models.DateTimeField(_("time"))
    received_at = models.DateTimeField(_("received"))
    kind = models.CharField(_("kind"), max_length=64, help_text=_("the carrier’s name for it"))
    role = models.CharField(_("who"), max_length=16, blank=True)
    text = EncryptedTextField(_("text"), blank=True)
    payload = EncryptedJSONField(_("payload"))
    source = models.CharField(_("source"), max_length=9, choices=EventSource)
    # An HMAC of what came, because a live event has no ID: the same one that comes again at once is
    # a repetition. One that comes later was said again, and has the next occurrence.
    digest = models.CharField(max_length=64, editable=False)
    occurrence = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("call event")
        verbose_name_plural = _("call events")
        ordering = ("at", "id")
        default_permissions = ()
        permissions = [("read_words", _("Can read what is said in calls"))]
        indexes = [
            # What is said live is computed of the events near it, and whether a call has a record
            # is asked for each of them.
            models.Index(fields=("call", "at"), name="event_of_call_by_time"),
            models.Index(fields=("call", "source"), name="event_of_call_by_source"),
            # Which calls are on hold is asked all the time.
            models.Index(
                fields=("received_at",), condition=models.Q(kind="hold"), name="hold_of_call"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=("call", "digest", "occurrence"), name="event_of_call"),
        ]

    def __str__(self) -> str:
        return self.kind
