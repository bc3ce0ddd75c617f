"""What the admin's lists are made of: filters, cells, and a list that stays fast."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from itertools import islice
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.contrib.auth import get_user_model
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, QuerySet, Value
from django.db.models.lookups import Exact
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from ..audio.g711 import CODECS
from ..models import Call, Tap
from .search import related_value

NOTHING = mark_safe("–")  # in a cell
LISTED = 5_000  # rows, 100 pages of 50


class HistoryRows(QuerySet[Any, Any]):
    """Rows whose years, months or days are found by one index look-up each.

    Django's way truncates every row's moment; on SQLite that calls Python for
    each, 300 of the 330 ms that a list of 100,000 taps took.
    """

    def datetimes(  # type: ignore[override]  # a list serves the date hierarchy as well
        self, field_name: str, kind: str, order: str = "ASC", tzinfo: Any = None
    ) -> list[datetime.datetime]:
        """The beginnings of the periods that have rows, in local time, oldest first."""
        return list(self._periods(field_name, kind))

    def _periods(self, field_name: str, kind: str) -> Iterator[datetime.datetime]:
        moments = self.order_by(field_name).values_list(field_name, flat=True)
        first = moments.first()
        while first is not None:
            local = timezone.localtime(first).replace(tzinfo=None)
            begins = _begin(local, kind)
            yield timezone.make_aware(begins)
            # 366 days, 31 days or 1 on: in the next period, whatever this one's length.
            days = {"year": 366, "month": 31, "day": 1}[kind]
            ends = _begin(begins + datetime.timedelta(days=days), kind)
            first = moments.filter(**{f"{field_name}__gte": timezone.make_aware(ends)}).first()


class HistoryPaginator(Paginator):  # type: ignore[type-arg]  # no generic at run time
    """Counts no further than anybody turns pages: to count a million rows takes seconds."""

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by()[:LISTED].count()


class HistoryList(ChangeList):
    """A list of the newest LISTED rows, which knows the query that its export needs: its own,
    on no page."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if self.query or self.has_active_filters:
            # To offer the years and months of what was found, every row would be looked at.
            self.date_hierarchy = None

    @property
    def has_more(self) -> bool:
        """Are there perhaps more rows than are listed?"""
        return self.result_count == LISTED

    def export_query(self) -> str:
        """The filters, the search and the dates in force, as a query string."""
        return self.get_query_string({PAGE_VAR: None})


class AgentFilter(admin.SimpleListFilter):
    """By agent, calls without one included."""

    title = "agent"
    parameter_name = "agent"
    path = "call__"  # from the listed rows to their calls

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(agent, agent or "none named") for agent in islice(_agents(), 200)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None:
            return queryset
        return queryset.filter(Exact(related_value(self.path, "agent"), Value(value)))


def _agents() -> Iterator[str]:
    """Yield the agents' names in order, each found by one look-up in the index: DISTINCT goes
    through the names of all calls."""
    names = Call.objects.order_by("agent").values_list("agent", flat=True)
    name = names.first()
    while name is not None:
        yield name
        name = names.filter(agent__gt=name).first()


class CallAgentFilter(AgentFilter):
    path = ""


class _ChoiceFilter(admin.SimpleListFilter):
    """By a column of few known values, which need not be looked up."""

    values: tuple[str, ...] = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, value) for value in self.values]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(**{str(self.parameter_name): value}) if value else queryset


class CodecFilter(_ChoiceFilter):
    title = parameter_name = "codec"
    values = CODECS


class TransportFilter(_ChoiceFilter):
    title = parameter_name = "transport"
    values = ("ws", "rtp")


class UserFilter(admin.RelatedFieldListFilter):
    """By user, of those who have rows here. Django's own filter for this joins every row."""

    def field_choices(
        self, field: Any, request: HttpRequest, model_admin: Any
    ) -> list[tuple[str, Any]]:
        own_rows = model_admin.model.objects.filter(**{field.name: OuterRef("pk")}).order_by()
        users = get_user_model().objects.filter(Exists(own_rows)).order_by("username")
        return [(str(user.pk), str(user)) for user in users]


class ListeningFilter(admin.SimpleListFilter):
    """Who listens now, and who did."""

    title = "listening"
    parameter_name = "listening"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("now", "Now"), ("ended", "Ended")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("now", "ended"):
            return queryset
        return queryset.filter(ended_at__isnull=self.value() == "now")


def moment(at: datetime.datetime | None, *, after: datetime.datetime | None = None) -> SafeString:
    """A moment to the second; Django's own display ends at the minute.

    Its day is left out where it is that of the moment it comes ``after``.
    """
    if at is None:
        return NOTHING
    local = timezone.localtime(at)
    same_day = after is not None and timezone.localtime(after).date() == local.date()
    text = f"{local:%H:%M:%S}" if same_day else f"{local:%Y-%m-%d %H:%M:%S}"
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), text)


def span(duration: datetime.timedelta | None) -> str:
    """A duration in whole seconds."""
    if duration is None:
        return NOTHING
    return str(datetime.timedelta(seconds=int(duration.total_seconds())))


def chip(tap: Tap) -> SafeString:
    """A tap's state, with a mark to find it by."""
    return format_html(
        '<span class="tap-state tap-state-{}">{}</span>', tap.state, tap.get_state_display()
    )


def _begin(local: datetime.datetime, kind: str) -> datetime.datetime:
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if kind == "year":
        return day.replace(month=1, day=1)
    return day.replace(day=1) if kind == "month" else day
