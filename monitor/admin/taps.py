"""Taps, in the admin."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from monitor.admin.base import HistoryAdmin, HistoryInline, PartOfCall
from monitor.admin.columns import NOTHING, ListenColumns, TapColumns, caller, link, moment
from monitor.admin.export import Column, Sheet, fields_named
from monitor.admin.filters import AgentFilter, CodecFilter, TransportFilter
from monitor.admin.search import find_taps
from monitor.models import ListenSession, Tap, TapEvent, lasted, share_of
from monitor.services import packet_figures, permissions, stored_words

STATE_FIELDS = (
    "status",
    "ended_because",
    "requested",
    "started",
    "asked_to_stop",
    "ended",
    "lasted",
)
MEDIA_FIELDS = (
    "codec",
    "content_type",
    "transport",
    "opened",
    "closed",
    "silent",
    "frames",
    "received",
    "gaps",
    "rtp_packets",
)
#: The packet figures of an RTP tap that its export has as numbers of packets.
EXPORTED_FIGURES = ("received", "lost", "late", "reordered", "duplicate", "clock_mismatch")


def packet_figure(name: str) -> Column:
    """Return a column of the export that holds a packet figure."""
    return Column(("rtp",), lambda rtp: packet_figures.value(rtp, name))


def of_party(figure: str) -> Column:
    """Return a column that holds a figure of the party that is heard on a tap. A mixed leg has
    none, and nor has a call whose parties were not tapped apart."""
    fields = ("direction", f"call__talk__speak{figure}", f"call__talk__listen{figure}")
    return Column(fields, _of_party)


def _of_party(direction: str, speak: float | None, listen: float | None) -> float | None:
    return {"speak": speak, "listen": listen}.get(direction)


def _share(direction: str, speak: float | None, listen: float | None) -> float | None:
    if speak is None or listen is None:
        return None
    return _of_party(direction, share_of(speak, listen), share_of(listen, speak))


class EventInline(PartOfCall, HistoryInline):
    """A tap's timeline."""

    model = TapEvent
    verbose_name_plural = _("timeline")
    fields = readonly_fields = ("when", "change", "words", "repeats", "content")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave out the carrier's own words for whoever may not see the numbers in them."""
        sees_all = permissions.sees_full_numbers(request.user)
        return [name for name in self.fields if sees_all or name != "content"]

    @admin.display(description=_("time"))
    def when(self, event: TapEvent) -> SafeString:
        return moment(event.at)

    @admin.display(description=_("state"))
    def change(self, event: TapEvent) -> str:
        if event.old == event.new:
            return event.get_new_display()
        before = event.get_old_display() or gettext("nothing")
        return f"{before} → {event.get_new_display()}"

    @admin.display(description=_("reason"))
    def words(self, event: TapEvent) -> str:
        return stored_words.translate(event.reason)

    @admin.display(description=_("payload"))
    def content(self, event: TapEvent) -> SafeString | str:
        if event.payload is None:
            return NOTHING
        text = json.dumps(event.payload, indent=2, ensure_ascii=False)
        return format_html(
            '<details><summary>{}</summary><pre class="payload">{}</pre></details>',
            gettext("show"),
            text,
        )


class ListenInline(ListenColumns, HistoryInline):
    """Who listened to a tap, from when to when."""

    model = ListenSession
    verbose_name_plural = _("who listened")
    ordering = ("started_at",)
    fields = readonly_fields = (
        "who",
        "started",
        "ended",
        "lasted",
        "frames",
        "dropped",
        "ended_because",
        "address",
    )


@admin.register(Tap)
class TapAdmin(TapColumns, PartOfCall, HistoryAdmin):
    """The list of taps. A tap's page shows its facts, its timeline, and who listened."""

    list_display = (
        "requested",
        "status",
        "agent",
        "caller",
        "lasted",
        "direction",
        "gaps",
        "codec",
        "transport",
        "started",
        "ended",
    )
    list_filter = (
        "state",
        "direction",
        CodecFilter,
        TransportFilter,
        AgentFilter,
        "requested_at",
    )
    date_hierarchy = "requested_at"
    search_fields = ("control_id",)
    find = staticmethod(find_taps)
    search_help_text = _(
        "A tap ID or control ID, or the beginning of a call ID or a caller's number"
    )
    fieldsets = (
        (None, {"fields": ("call_link", "agent", "caller", "direction", "reason", "notice")}),
        (_("State"), {"fields": STATE_FIELDS}),
        (_("Media"), {"fields": MEDIA_FIELDS}),
        (_("Identifiers"), {"fields": ("control_id", "tap_id")}),
    )
    readonly_fields = ("call_link", "agent", "caller", *STATE_FIELDS, *MEDIA_FIELDS, "tap_id")
    inlines = (EventInline, ListenInline)
    nothing_yet = _("No call has been tapped yet. A tap appears as soon as an agent starts one.")
    sheet = Sheet(
        name="earshot-taps",
        moment="requested_at",
        columns={
            "tap_id": Column(("pk",)),
            **fields_named("control_id"),
            "call_id": Column(("call__call_id",)),
            "agent": Column(("call__agent",)),
            "caller": Column(("call__caller",)),
            "caller_name": Column(("call__caller_name",)),
            **fields_named(
                "direction", "codec", "transport", "state", "reason", "notice", "end_reason"
            ),
            **fields_named("requested_at", "started_at", "ended_at"),
            "duration_seconds": Column(("started_at", "ended_at"), lasted),
            **fields_named("frames", "bytes", "gaps"),
            **{f"packets_{name}": packet_figure(name) for name in EXPORTED_FIGURES},
            "jitter_ms": packet_figure("jitter_ms"),
            "talk_seconds": of_party(""),
            "talk_share": Column(("direction", "call__talk__speak", "call__talk__listen"), _share),
            "longest_silence_seconds": of_party("_silence"),
            "overlap_seconds": Column(("call__talk__overlap",)),
            "overlaps": Column(("call__talk__overlaps",)),
        },
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("call__talk")

    @admin.display(description=_("call"))
    def call_link(self, tap: Tap) -> SafeString:
        return link(tap.call, tap.call.call_id)

    @admin.display(description=_("tap ID"))
    def tap_id(self, tap: Tap) -> str:
        return str(tap.pk)

    @admin.display(description=_("agent"), ordering="agent")
    def agent(self, tap: Tap) -> str:
        return tap.call.agent

    @admin.display(description=_("caller"), ordering="call__caller")
    def caller(self, tap: Tap) -> str:
        return caller(tap.call)

    @admin.display(description=_("requested"), ordering="requested_at")
    def requested(self, tap: Tap) -> SafeString:
        return moment(tap.requested_at)

    @admin.display(description=_("asked to stop"))
    def asked_to_stop(self, tap: Tap) -> SafeString:
        return moment(tap.stop_requested_at, after=tap.requested_at)

    @admin.display(description=_("ended"), ordering="ended_at")
    def ended(self, tap: Tap) -> SafeString:
        return moment(tap.ended_at, after=tap.requested_at)

    @admin.display(description=_("connected"))
    def opened(self, tap: Tap) -> SafeString:
        return moment(tap.media_opened_at, after=tap.requested_at)

    @admin.display(description=_("disconnected"))
    def closed(self, tap: Tap) -> SafeString:
        return moment(tap.media_closed_at, after=tap.requested_at)

    @admin.display(description=_("no audio since"))
    def silent(self, tap: Tap) -> SafeString:
        return moment(tap.silent_since, after=tap.requested_at)

    @admin.display(description=_("audio received"))
    def received(self, tap: Tap) -> str:
        return filesizeformat(tap.bytes)

    @admin.display(description=_("RTP packets"))
    def rtp_packets(self, tap: Tap) -> SafeString:
        if not tap.rtp:
            return NOTHING
        rows = ((one.figure.label, one.text) for one in packet_figures.table(tap.rtp) if one.text)
        cells = format_html_join("", "<tr><th>{}</th><td>{}</td></tr>", rows)
        return format_html('<table class="figures">{}</table>', cells)
