"""Phone calls, and how they stand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from monitor.models.encrypted import EncryptedCharField, EncryptedNumberField
from monitor.models.masked_rows import MaskableRows
from monitor.wire.masking import masked

#: What may hold a number or an address at which the caller can be called.
MASKED_FIELDS = {"caller", "caller_name"}


class NumbersMasked(Exception):
    """A call that was read with masked numbers is not to be saved: the masks would replace them."""


class CallQuerySet(MaskableRows["Call", "Call"]):
    """Calls, and the one way to lock them."""

    def locked(self) -> Self:
        """Lock the calls until this transaction ends, against everybody else who locks them.

        A row that refers to one of them can be written meanwhile. PostgreSQL checks the foreign
        key of such a row, and would wait for a full lock: a transaction that waits so may hold
        the tap for which the holder of the call waits, which is a deadlock.
        """
        return self.select_for_update(no_key=True)

    def of_number(self, digits: str) -> Self:
        """Return the calls of a number, which is given without anything but its digits."""
        found = models.Q(caller__in=(digits, f"+{digits}"))
        for mark in caller_marks([digits]):
            found |= models.Q(caller__startswith=mark)
        return self.filter(found)


class Call(models.Model):
    """One phone call, as SignalWire identifies it."""

    call_id = models.CharField(_("call ID"), max_length=255, unique=True)
    agent = models.CharField(_("agent"), max_length=100, blank=True)
    caller = EncryptedNumberField(_("caller number"), max_length=64, blank=True, db_index=True)
    caller_name = EncryptedCharField(_("caller name"), max_length=100, blank=True)
    project_id = models.CharField(_("project ID"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("known since"), default=timezone.now, db_index=True)
    gone_at = models.DateTimeField(
        _("known to be over since"),
        null=True,
        blank=True,
        help_text=_("when SignalWire said that it knows no such call any more"),
    )

    # What is known from what is said. Of these times services.call_life is the only writer.
    #: When the first thing that is told of the call happened.
    began_at = models.DateTimeField(null=True, blank=True, editable=False)
    #: When something was told last while the call went on, to NOTED_EVERY of call_life.
    told_at = models.DateTimeField(null=True, blank=True, editable=False)
    ended_at = models.DateTimeField(
        _("ended"),
        null=True,
        blank=True,
        help_text=_("when the agent’s part was over, as far as the carrier told what was said"),
    )
    #: How often what is told has changed these times, or who speaks in the call.
    transitions = models.PositiveIntegerField(default=0, editable=False)

    #: The pause that goes on. Of it, services.pauses is the only writer.
    pause = models.ForeignKey(
        "monitor.CallPause",
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    #: How often a pause has begun, was prolonged, or has ended.
    pause_changes = models.PositiveIntegerField(default=0, editable=False)

    clock_offset = models.DurationField(
        _("clock offset"),
        null=True,
        blank=True,
        help_text=_("our time minus the carrier’s, as far as the times of its events tell"),
    )

    objects = CallQuerySet.as_manager()

    #: Whether the caller is masked in this object.
    is_masked = False

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        ordering = ("-created_at",)
        permissions = [
            ("see_full_numbers", _("Can see callers’ full numbers")),
            ("pause_call", _("Can pause the monitoring of calls")),
            ("export_history", _("Can export the history")),
        ]
        indexes = [
            models.Index(fields=("agent", "-created_at"), name="call_of_agent"),
            # Only ends: a search for the calls that go on would read all that have none.
            models.Index(
                fields=("ended_at",),
                condition=models.Q(ended_at__isnull=False),
                name="call_that_ended",
            ),
            # The calls in which somebody speaks now, which are few among all calls.
            models.Index(
                fields=("told_at",),
                condition=models.Q(told_at__isnull=False, ended_at=None, gone_at=None),
                name="talking_call",
            ),
        ]

    def __str__(self) -> str:
        return self.call_id

    def save(self, **kwargs: Any) -> None:
        """Save the call. Raises NumbersMasked."""
        if self.is_masked:
            raise NumbersMasked
        super().save(**kwargs)

    def mask_caller(self) -> None:
        """Mask the caller's number, and any number in the name, in this object alone."""
        self.is_masked = True
        # A field that was not read would be read now.
        for field in MASKED_FIELDS & self.__dict__.keys():
            setattr(self, field, masked(getattr(self, field)))


def caller_marks(numbers: Iterable[str]) -> tuple[str, ...]:
    """Return how the column of callers begins where it has one of these numbers, encrypted."""
    return Call._meta.get_field("caller").marks(numbers)
