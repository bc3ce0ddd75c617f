"""What the history keeps of a call that is over: its figures, its tools, and its words to search.

``services.call_reports`` alone writes these rows, once an agent's part in the call is over, out of
the call's events. They are no part of the call's own row, which others lock meanwhile.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from monitor.models.call import Call
from monitor.models.encrypted import EncryptedJSONField


class CallReport(models.Model):
    """The figures of a call. A column is null where the carrier told nothing of it.

    The history filters by these columns, so each that has a filter has an index.
    """

    call = models.OneToOneField(
        Call, models.CASCADE, primary_key=True, related_name="report", verbose_name=_("call")
    )
    ended_by = models.CharField(
        _("ended by"), max_length=32, blank=True, db_index=True, help_text=_("the carrier’s word")
    )
    turns = models.PositiveIntegerField(_("turns"))
    interruptions = models.PositiveIntegerField(_("interruptions"))
    errors = models.PositiveIntegerField(_("errors"))
    latency = models.FloatField(
        _("median latency"), null=True, help_text=_("seconds until the agent answers")
    )
    minutes = models.FloatField(_("minutes"), null=True, db_index=True)
    input_tokens = models.BigIntegerField(_("input tokens"), null=True)
    output_tokens = models.BigIntegerField(_("output tokens"), null=True)
    speech_minutes = models.FloatField(_("minutes of speech recognition"), null=True)
    voice_characters = models.BigIntegerField(_("characters of the agent’s voice"), null=True)

    class Meta:
        verbose_name = _("report of a call")
        verbose_name_plural = _("reports of calls")
        default_permissions = ()
        indexes = [
            models.Index(fields=["errors"], condition=Q(errors__gt=0), name="report_errors"),
            models.Index(
                fields=["interruptions"],
                condition=Q(interruptions__gt=0),
                name="report_interruptions",
            ),
            models.Index(F("input_tokens") + F("output_tokens"), name="report_tokens"),
        ]

    def __str__(self) -> str:
        return f"{self.turns} turns"


class CallTool(models.Model):
    """That a tool was used in a call, and how often."""

    call = models.ForeignKey(Call, models.CASCADE, related_name="tools", verbose_name=_("call"))
    name = models.CharField(_("name"), max_length=100)
    uses = models.PositiveIntegerField(_("uses"))
    failures = models.PositiveIntegerField(_("failures"))

    class Meta:
        verbose_name = _("tool of a call")
        verbose_name_plural = _("tools of calls")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=("call", "name"), name="tool_of_call"),
        ]
        indexes = [models.Index(fields=["name", "call"], name="call_of_tool")]

    def __str__(self) -> str:
        return self.name


class CallWords(models.Model):
    """What the caller and the agent said in a call, as it is searched.

    ``lines`` has a list for each line: its time in milliseconds since 1970, its side, its text.
    ``text`` has the words of all lines as ``services.word_search`` compares them. Migration 0009
    indexes it: PostgreSQL has a column ``vector`` made of it, and SQLite a table for FTS5. It is
    empty while words are encrypted, because an index would have them in clear.
    """

    call = models.OneToOneField(
        Call, models.CASCADE, primary_key=True, related_name="words", verbose_name=_("call")
    )
    lines = EncryptedJSONField(_("lines"))
    text = models.TextField(_("text"))

    class Meta:
        verbose_name = _("words of a call")
        verbose_name_plural = _("words of calls")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)
