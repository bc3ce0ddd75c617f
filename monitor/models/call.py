"""A phone call."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class CallQuerySet(models.QuerySet["Call"]):
    """Calls, and the one way to lock them."""

    def locked(self) -> Self:
        """Lock the calls until this transaction ends, against everybody else who locks them.

        A row that refers to one of them can be written meanwhile. PostgreSQL checks the foreign
        key of such a row, and would wait for a full lock: a transaction that waits so may hold
        the tap for which the holder of the call waits, which is a deadlock.
        """
        return self.select_for_update(no_key=True)


class Call(models.Model):
    """One phone call, as SignalWire identifies it."""

    call_id = models.CharField(_("call ID"), max_length=255, unique=True)
    agent = models.CharField(_("agent"), max_length=100, blank=True, db_index=True)
    caller = models.CharField(_("caller number"), max_length=64, blank=True, db_index=True)
    caller_name = models.CharField(_("caller name"), max_length=100, blank=True)
    project_id = models.CharField(_("project ID"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("known since"), default=timezone.now, db_index=True)
    gone_at = models.DateTimeField(
        _("known to be over since"),
        null=True,
        blank=True,
        help_text=_("when SignalWire said that it knows no such call any more"),
    )

    ended_at = models.DateTimeField(
        _("ended"),
        null=True,
        blank=True,
        help_text=_("when the agent’s part was over, as far as the carrier told what was said"),
    )

    clock_offset = models.DurationField(
        _("clock offset"),
        null=True,
        blank=True,
        help_text=_("our time minus the carrier’s, as far as the times of its events tell"),
    )

    objects = CallQuerySet.as_manager()

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.call_id
