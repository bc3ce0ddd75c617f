"""The history's filters by what is known of a call when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.contrib import admin
from django.db.models import Exists, F, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from monitor.admin import search
from monitor.admin.filters import OFFERED, values_of
from monitor.models import CallReport, CallTool, CallWords
from monitor.services import permissions

WITH, WITHOUT = "yes", "no"


class _Filter(admin.SimpleListFilter):
    """A filter of calls by rows that belong to them."""

    def rows(self, value: str) -> QuerySet[Any] | None:
        """Return the rows that the calls must have, or None for a value that is not offered."""
        raise NotImplementedError

    def offered(self, request: HttpRequest, rows: QuerySet[Any], column: str) -> Iterator[str]:
        """Return the values of a column in the calls that the request's user may know of."""
        within = permissions.scope_of(request.user).within(rows, "call__")
        return islice(values_of(within, column), OFFERED)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        rows = None if value is None else self.rows(value)
        return queryset if rows is None else search.narrowed(queryset, rows, search.FEW)


class ToolFilter(_Filter):
    """Filters by a tool that was used in the call."""

    title = _("tool")
    parameter_name = "tool"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = self.offered(request, CallTool.objects.all(), "name")
        return [(name, name) for name in names]

    def rows(self, value: str) -> QuerySet[Any]:
        return CallTool.objects.filter(name=value)


class EndedByFilter(_Filter):
    """Filters by who ended the call, in the carrier's words."""

    title = _("ended by")
    parameter_name = "ended_by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = self.offered(request, CallReport.objects.all(), "ended_by")
        return [(by, by) for by in names if by]

    def rows(self, value: str) -> QuerySet[Any]:
        return CallReport.objects.filter(ended_by=value)


class _CountFilter(_Filter):
    """Filters by whether there was any of what a column counts."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(WITH, gettext("Some")), (WITHOUT, gettext("None"))]

    def rows(self, value: str) -> QuerySet[Any] | None:
        conditions = {WITH: "gt", WITHOUT: "exact"}
        if value not in conditions:
            return None
        condition = {f"{self.parameter_name}__{conditions[value]}": 0}
        return CallReport.objects.filter(**condition)


class ErrorsFilter(_CountFilter):
    """Filters by whether anything failed in the call."""

    title = _("errors")
    parameter_name = "errors"


class InterruptionsFilter(_CountFilter):
    """Filters by whether the caller interrupted the agent."""

    title = _("interruptions")
    parameter_name = "interruptions"


class WordsFilter(admin.SimpleListFilter):
    """Filters by whether it is known what was said."""

    title = _("words")
    parameter_name = "words"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(WITH, gettext("Known")), (WITHOUT, gettext("Not known"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == WITH:
            return search.narrowed(queryset, CallWords.objects.all(), search.FEW)
        known = Exists(CallWords.objects.filter(call=OuterRef("pk")))
        return queryset.filter(~known) if self.value() == WITHOUT else queryset


#: From, and below, so many minutes.
MINUTES: dict[str, tuple[float, float | None]] = {
    "0-1": (0, 1),
    "1-5": (1, 5),
    "5-15": (5, 15),
    "15-": (15, None),
}


class MinutesFilter(_Filter):
    """Filters by the minutes that the carrier's accounting has of a call."""

    title = _("minutes accounted")
    parameter_name = "minutes"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("0-1", gettext("Under 1")),
            ("1-5", gettext("1 to 5")),
            ("5-15", gettext("5 to 15")),
            ("15-", gettext("15 and more")),
        ]

    def rows(self, value: str) -> QuerySet[Any] | None:
        if value not in MINUTES:
            return None
        least, below = MINUTES[value]
        found = CallReport.objects.filter(minutes__gte=least)
        return found if below is None else found.filter(minutes__lt=below)


class TokensFilter(_Filter):
    """Filters by the tokens that a call took, of both kinds together."""

    title = _("tokens")
    parameter_name = "tokens"
    thresholds = (10_000, 50_000, 200_000)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        words = gettext("%(n)s and more")
        return [(str(least), words % {"n": f"{least:,}"}) for least in self.thresholds]

    def rows(self, value: str) -> QuerySet[Any] | None:
        if value not in map(str, self.thresholds):
            return None
        tokens = CallReport.objects.annotate(tokens=F("input_tokens") + F("output_tokens"))
        return tokens.filter(tokens__gte=int(value))


REPORT_FILTERS = (
    ToolFilter,
    ErrorsFilter,
    InterruptionsFilter,
    EndedByFilter,
    WordsFilter,
    MinutesFilter,
    TokensFilter,
)
