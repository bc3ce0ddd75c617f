"""The marks of a call: from when to when it needed attention, and why."""

from __future__ import annotations

import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from monitor.audio.condition import Kind
from monitor.models.call import Call
from monitor.models.encrypted import EncryptedCharField
from monitor.models.tap import Direction

#: What each kind is called, beside a call.
LABELS = {
    Kind.HELP: _("Asked for help"),
    Kind.WANTS_PERSON: _("Asked for a person"),
    Kind.ONE_WAY: _("One-way audio"),
    Kind.LLM_ERROR: _("Language model failed"),
    Kind.TOOL_FAILS: _("Tool keeps failing"),
    Kind.PHRASE: _("Watched phrase"),
    Kind.DEAD_AIR: _("Dead air"),
    Kind.ONE_SIDE_SILENT: _("One side silent"),
    Kind.LONG_HOLD: _("Long hold"),
    Kind.SLOW_ANSWERS: _("Slow answers"),
    Kind.CLIPPING: _("Clipping"),
    Kind.BARGE_INS: _("Many interruptions"),
    Kind.TALK_OVER: _("Talk-over"),
    Kind.LONG_CALL: _("Long call"),
}


class CallMark(models.Model):
    """A call needed attention: for one reason, on one leg or the whole call, for some time.

    ``services.marks`` alone writes this row. No call has two marks of a kind and leg that have not
    ended, even if two processes begin them at the same moment.
    """

    call = models.ForeignKey(Call, models.CASCADE, related_name="marks", verbose_name=_("call"))
    kind = models.CharField(
        _("kind"), max_length=16, choices=[(kind.value, LABELS[kind]) for kind in Kind]
    )
    leg = models.CharField(
        _("leg"),
        max_length=6,
        choices=Direction,
        blank=True,
        help_text=_("empty for the whole call"),
    )
    severity = models.PositiveSmallIntegerField(_("severity"), help_text=_("from 0 to 100"))
    began_at = models.DateTimeField(_("began"), help_text=_("when the cause began"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    note = EncryptedCharField(
        _("note"),
        max_length=200,
        blank=True,
        help_text=_("what the agent said, or which tool it is about"),
    )

    class Meta:
        verbose_name = _("call mark")
        verbose_name_plural = _("call marks")
        ordering = ("began_at", "id")
        constraints = [
            models.UniqueConstraint(
                fields=("call", "kind", "leg"),
                condition=models.Q(ended_at=None),
                name="open_mark_of_call",
            ),
        ]
        indexes = [
            models.Index(fields=("kind",), condition=models.Q(ended_at=None), name="open_marks"),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()

    @property
    def duration(self) -> datetime.timedelta:
        return (self.ended_at or timezone.now()) - self.began_at
