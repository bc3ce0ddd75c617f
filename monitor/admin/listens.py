"""Who listened, in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from ..models import ListenSession
from .base import HistoryAdmin, NamesAUser, link
from .export import Sheet
from .lists import ListeningFilter, UserFilter, moment, span
from .search import find_listens


@admin.register(ListenSession)
class ListenSessionAdmin(NamesAUser, HistoryAdmin):
    """Who listened to which tap, from when to when, and from where."""

    list_display = (
        *("started", "who", "tap_link", "agent", "caller", "ended", "lasted"),
        *("frames", "dropped", "end_reason", "address"),
    )
    list_filter = (ListeningFilter, "started_at", ("user", UserFilter))
    date_hierarchy = "started_at"
    search_fields = ("username",)
    find = staticmethod(find_listens)
    search_help_text = (
        "User name, call ID or caller number, or how they begin; IP address, tap ID or control ID"
    )
    fields = (
        *("who", "tap_link", "agent", "caller", "started", "ended", "lasted"),
        *("frames", "dropped", "end_reason", "address", "user_agent"),
    )
    readonly_fields = ("who", "tap_link", "agent", "caller", "started", "ended", "lasted")
    nothing_yet = "Nobody has listened yet. Every listener is noted here, from the first second."
    sheet = Sheet(
        name="earshot-listening",
        moment="started_at",
        columns={
            "session_id": lambda session: session.pk,
            "username": lambda session: session.username,
            "user_id": lambda session: session.user_id,
            "tap_id": lambda session: session.tap_id,
            "call_id": lambda session: session.tap.call.call_id,
            "agent": lambda session: session.tap.call.agent,
            "caller": lambda session: session.tap.call.caller,
            "started_at": lambda session: session.started_at,
            "ended_at": lambda session: session.ended_at,
            "duration_seconds": lambda session: session.duration,
            "frames": lambda session: session.frames,
            "dropped": lambda session: session.dropped,
            "end_reason": lambda session: session.end_reason,
            "ip_address": lambda session: session.address,
            "user_agent": lambda session: session.user_agent,
        },
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("tap__call")

    @admin.display(description="tap")
    def tap_link(self, session: ListenSession) -> SafeString:
        return link(session.tap, f"{session.tap.requested_at:%Y-%m-%d %H:%M:%S}")

    @admin.display(description="agent")
    def agent(self, session: ListenSession) -> str:
        return session.tap.call.agent

    @admin.display(description="caller")
    def caller(self, session: ListenSession) -> str:
        return f"{session.tap.call.caller} {session.tap.call.caller_name}".strip()

    @admin.display(description="from (UTC)", ordering="started_at")
    def started(self, session: ListenSession) -> SafeString:
        return moment(session.started_at)

    @admin.display(description="to (UTC)", ordering="ended_at")
    def ended(self, session: ListenSession) -> SafeString | str:
        return (
            moment(session.ended_at, after=session.started_at)
            if session.ended_at
            else "listening now"
        )

    @admin.display(description="duration")
    def lasted(self, session: ListenSession) -> str:
        return span(session.duration)
