"""Who listened, in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from monitor.admin.base import HistoryAdmin
from monitor.admin.columns import ListenColumns, caller, link_to_tap
from monitor.admin.export import Column, Sheet, fields_named
from monitor.admin.filters import ListeningFilter, UserFilter
from monitor.admin.search import find_listens
from monitor.models import ListenSession, lasted


@admin.register(ListenSession)
class ListenSessionAdmin(ListenColumns, HistoryAdmin):
    """Who listened to which tap, from when to when, and from where."""

    list_display = (
        "started",
        "who",
        "tap_link",
        "agent",
        "caller",
        "ended",
        "lasted",
        "frames",
        "dropped",
        "ended_because",
        "reason",
        "address",
    )
    list_filter = (ListeningFilter, "started_at", ("user", UserFilter))
    date_hierarchy = "started_at"
    search_fields = ("username",)
    find = staticmethod(find_listens)
    search_help_text = _(
        "The beginning of a user name, an IP address, a call ID or a caller's number; "
        "or a tap ID or control ID"
    )
    readonly_fields = ("who", "tap_link", "agent", "caller", "started", "ended", "lasted")
    fields = (
        *readonly_fields,
        "frames",
        "dropped",
        "ended_because",
        "reason",
        "address",
        "user_agent",
    )
    nothing_yet = _(
        "Nobody has listened yet. Every listener is recorded here before the first sound."
    )
    sheet = Sheet(
        name="earshot-listening",
        moment="started_at",
        columns={
            "session_id": Column(("pk",)),
            **fields_named("username", "user_id", "tap_id"),
            "call_id": Column(("tap__call__call_id",)),
            "agent": Column(("tap__call__agent",)),
            "caller": Column(("tap__call__caller",)),
            **fields_named("started_at", "ended_at"),
            "duration_seconds": Column(("started_at", "ended_at"), lasted),
            **fields_named("frames", "dropped", "end_reason", "reason"),
            "ip_address": Column(("address",)),
            **fields_named("user_agent"),
        },
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("tap__call")

    @admin.display(description=_("tap"))
    def tap_link(self, session: ListenSession) -> SafeString:
        return link_to_tap(session.tap)

    @admin.display(description=_("agent"))
    def agent(self, session: ListenSession) -> str:
        return session.tap.call.agent

    @admin.display(description=_("caller"))
    def caller(self, session: ListenSession) -> str:
        return caller(session.tap.call)
