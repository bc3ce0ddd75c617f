"""Calls in the admin, and on a call's page its taps."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.safestring import SafeString

from ..models import Call, Tap
from .base import HistoryAdmin, HistoryInline, link
from .lists import CallAgentFilter, chip, moment, span
from .search import find_calls


class TapInline(HistoryInline):
    """The taps of a call."""

    model = Tap
    ordering = ("requested_at",)
    fields = readonly_fields = ("tap", "status", "direction", "started", "lasted", "gaps")

    @admin.display(description="requested (UTC)")
    def tap(self, tap: Tap) -> SafeString:
        return link(tap, f"{tap.requested_at:%Y-%m-%d %H:%M:%S}")

    @admin.display(description="state")
    def status(self, tap: Tap) -> SafeString:
        return chip(tap)

    @admin.display(description="started (UTC)")
    def started(self, tap: Tap) -> SafeString:
        return moment(tap.started_at, after=tap.requested_at)

    @admin.display(description="duration")
    def lasted(self, tap: Tap) -> str:
        return span(tap.duration)


@admin.register(Call)
class CallAdmin(HistoryAdmin):
    """Calls, and on a call's page its taps."""

    list_display = ("created", "agent", "caller", "caller_name", "taps_made", "call_id")
    list_filter = (CallAgentFilter, "created_at")
    date_hierarchy = "created_at"
    search_fields = ("call_id",)
    find = staticmethod(find_calls)
    search_help_text = "Call ID or caller number, or how they begin"
    fields = ("call_id", "agent", "caller", "caller_name", "project_id", "created")
    readonly_fields = ("created",)
    inlines = (TapInline,)
    nothing_yet = "No call has been tapped yet. Calls appear here with their first tap."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        # A subquery, for it is computed for the rows of one page only.
        taps = Tap.objects.filter(call=OuterRef("pk")).order_by().values("call")
        made = Subquery(taps.annotate(n=Count("pk")).values("n"), output_field=IntegerField())
        rows = super().get_queryset(request)
        return cast("QuerySet[Any]", rows.annotate(made=made))

    @admin.display(description="first tapped (UTC)", ordering="created_at")
    def created(self, call: Call) -> SafeString:
        return moment(call.created_at)

    @admin.display(description="taps")
    def taps_made(self, call: Any) -> int:
        return call.made or 0
