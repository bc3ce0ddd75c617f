"""Taps in the admin; on a tap's page its facts, its timeline, and who listened."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from .. import packets
from ..models import ListenSession, Tap, TapEvent
from .base import HistoryAdmin, HistoryInline, NamesAUser, link
from .export import Sheet
from .lists import NOTHING, AgentFilter, CodecFilter, TransportFilter, chip, moment, span
from .search import find_taps


class EventInline(HistoryInline):
    """The timeline: part of the tap, so whoever sees the tap sees it."""

    model = TapEvent
    verbose_name_plural = "timeline"
    fields = readonly_fields = ("when", "change", "reason", "repeats", "content")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("monitor.view_tap")

    @admin.display(description="at (UTC)")
    def when(self, event: TapEvent) -> SafeString:
        return moment(event.at)

    @admin.display(description="state")
    def change(self, event: TapEvent) -> str:
        if event.old == event.new:
            return event.get_new_display()
        return f"{event.get_old_display() or 'nothing'} → {event.get_new_display()}"

    @admin.display(description="payload")
    def content(self, event: TapEvent) -> SafeString | str:
        if event.payload is None:
            return NOTHING
        text = json.dumps(event.payload, indent=2, ensure_ascii=False)
        return format_html(
            '<details><summary>show</summary><pre class="payload">{}</pre></details>', text
        )


class ListenInline(NamesAUser, HistoryInline):
    """Who listened to a tap, from when to when."""

    model = ListenSession
    verbose_name_plural = "who listened"
    ordering = ("started_at",)
    fields = readonly_fields = (
        *("who", "started", "ended", "lasted", "frames", "dropped", "end_reason", "address"),
    )

    @admin.display(description="from (UTC)")
    def started(self, session: ListenSession) -> SafeString:
        return moment(session.started_at)

    @admin.display(description="to (UTC)")
    def ended(self, session: ListenSession) -> SafeString | str:
        return (
            moment(session.ended_at, after=session.started_at)
            if session.ended_at
            else "listening now"
        )

    @admin.display(description="duration")
    def lasted(self, session: ListenSession) -> str:
        return span(session.duration)


@admin.register(Tap)
class TapAdmin(HistoryAdmin):
    """Taps; on a tap's page its facts, its timeline, and who listened."""

    list_display = (
        *("requested", "status", "agent", "caller", "lasted", "direction", "gaps"),
        *("codec", "transport", "started", "ended"),
    )
    list_filter = (
        *("state", "direction", CodecFilter, TransportFilter, AgentFilter, "requested_at"),
    )
    date_hierarchy = "requested_at"
    search_fields = ("control_id",)
    find = staticmethod(find_taps)
    search_help_text = "Tap ID or control ID; call ID or caller number, or how they begin"
    fieldsets = (
        (None, {"fields": ("of_call", "agent", "caller", "direction", "reason")}),
        (
            "State",
            {
                "fields": (
                    *("status", "end_reason", "requested", "started"),
                    *("asked_to_stop", "ended", "lasted"),
                )
            },
        ),
        (
            "Media",
            {
                "fields": (
                    *("codec", "content_type", "transport", "opened", "closed", "silent"),
                    *("frames", "received", "gaps", "rtp_packets"),
                )
            },
        ),
        ("Identifiers", {"fields": ("control_id", "tap_id")}),
    )
    readonly_fields = (
        *("of_call", "agent", "caller", "status", "requested", "started", "asked_to_stop"),
        *("ended", "lasted"),
        *("opened", "closed", "silent", "received", "rtp_packets", "tap_id"),
    )
    inlines = (EventInline, ListenInline)
    nothing_yet = "No taps yet. A tap appears here as soon as an agent is monitored."
    sheet = Sheet(
        name="earshot-taps",
        moment="requested_at",
        columns={
            "tap_id": lambda tap: tap.pk,
            "control_id": lambda tap: tap.control_id,
            "call_id": lambda tap: tap.call.call_id,
            "agent": lambda tap: tap.call.agent,
            "caller": lambda tap: tap.call.caller,
            "caller_name": lambda tap: tap.call.caller_name,
            "direction": lambda tap: tap.direction,
            "codec": lambda tap: tap.codec,
            "transport": lambda tap: tap.transport,
            "state": lambda tap: tap.state,
            "reason": lambda tap: tap.reason,
            "end_reason": lambda tap: tap.end_reason,
            "requested_at": lambda tap: tap.requested_at,
            "started_at": lambda tap: tap.started_at,
            "ended_at": lambda tap: tap.ended_at,
            "duration_seconds": lambda tap: tap.duration,
            "frames": lambda tap: tap.frames,
            "bytes": lambda tap: tap.bytes,
            "gaps": lambda tap: tap.gaps,
            "packets_received": lambda tap: packets.value(tap.rtp, "received"),
            "packets_lost": lambda tap: packets.value(tap.rtp, "lost"),
            "packets_late": lambda tap: packets.value(tap.rtp, "late"),
            "packets_reordered": lambda tap: packets.value(tap.rtp, "reordered"),
            "packets_duplicate": lambda tap: packets.value(tap.rtp, "duplicate"),
            "packets_clock_mismatch": lambda tap: packets.value(tap.rtp, "clock_mismatch"),
            "jitter_ms": lambda tap: packets.value(tap.rtp, "jitter_ms"),
        },
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("call")

    @admin.display(description="call")
    def of_call(self, tap: Tap) -> SafeString:
        return link(tap.call, tap.call.call_id)

    @admin.display(description="tap ID")
    def tap_id(self, tap: Tap) -> str:
        return str(tap.pk)

    @admin.display(description="agent", ordering="call__agent")
    def agent(self, tap: Tap) -> str:
        return tap.call.agent

    @admin.display(description="caller", ordering="call__caller")
    def caller(self, tap: Tap) -> str:
        return f"{tap.call.caller} {tap.call.caller_name}".strip()

    @admin.display(description="state", ordering="state")
    def status(self, tap: Tap) -> SafeString:
        return chip(tap)

    @admin.display(description="requested (UTC)", ordering="requested_at")
    def requested(self, tap: Tap) -> SafeString:
        return moment(tap.requested_at)

    @admin.display(description="started (UTC)", ordering="started_at")
    def started(self, tap: Tap) -> SafeString:
        return moment(tap.started_at, after=tap.requested_at)

    @admin.display(description="asked to stop (UTC)")
    def asked_to_stop(self, tap: Tap) -> SafeString:
        return moment(tap.stop_requested_at, after=tap.requested_at)

    @admin.display(description="ended (UTC)", ordering="ended_at")
    def ended(self, tap: Tap) -> SafeString:
        return moment(tap.ended_at, after=tap.requested_at)

    @admin.display(description="duration")
    def lasted(self, tap: Tap) -> str:
        return span(tap.duration)

    @admin.display(description="connected (UTC)")
    def opened(self, tap: Tap) -> SafeString:
        return moment(tap.media_opened_at, after=tap.requested_at)

    @admin.display(description="disconnected (UTC)")
    def closed(self, tap: Tap) -> SafeString:
        return moment(tap.media_closed_at, after=tap.requested_at)

    @admin.display(description="no audio since (UTC)")
    def silent(self, tap: Tap) -> SafeString:
        return moment(tap.silent_since, after=tap.requested_at)

    @admin.display(description="audio received")
    def received(self, tap: Tap) -> str:
        return filesizeformat(tap.bytes)

    @admin.display(description="RTP packets")
    def rtp_packets(self, tap: Tap) -> SafeString:
        if not tap.rtp:
            return NOTHING
        rows = ((one.figure.label, one.text) for one in packets.table(tap.rtp) if one.text)
        cells = format_html_join("", "<tr><th>{}</th><td>{}</td></tr>", rows)
        return format_html('<table class="figures">{}</table>', cells)
