"""The times in which the monitoring of calls was paused."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class PauseEnd(models.TextChoices):
    """What ended a pause."""

    RESUMED = "resumed", _("Resumed")
    EXPIRED = "expired", _("Ended by itself")


class CallPause(models.Model):
    """Records that nothing of a call was heard, read or kept for a time, such as while the caller
    said a card number.

    The name of whoever ordered or ended it is a user's, and empty if it was the call's agent.
    """

    call = models.ForeignKey(
        "monitor.Call", models.CASCADE, related_name="pauses", verbose_name=_("call")
    )
    began_at = models.DateTimeField(_("from"))
    until = models.DateTimeField(_("ends by itself"), help_text=_("if nobody ends it before"))
    username = models.CharField(_("ordered by"), max_length=150, blank=True)
    ended_at = models.DateTimeField(_("to"), null=True, blank=True)
    ended_by = models.CharField(_("ended by"), max_length=150, blank=True)
    end = models.CharField(_("end"), max_length=7, choices=PauseEnd, blank=True)

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        ordering = ("began_at", "id")
        indexes = [
            models.Index(fields=("until",), condition=models.Q(ended_at=None), name="open_pause"),
        ]

    def __str__(self) -> str:
        return f"{self.began_at:%H:%M:%S}"
