"""Calls, in the admin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, IntegerField, OuterRef, Prefetch, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from monitor.admin import vcon, words_export
from monitor.admin.base import HistoryAdmin, HistoryInline, PartOfCall, filters_of
from monitor.admin.columns import NOTHING, TapColumns, link_to_tap, moment, span, state_label
from monitor.admin.filters import AgentFilter
from monitor.admin.holds import HoldActions
from monitor.admin.lists import HistoryList
from monitor.admin.log import Kind
from monitor.admin.orders import OrderInline
from monitor.admin.report_filters import REPORT_FILTERS
from monitor.admin.said import cell
from monitor.admin.said_list import SaidList, typed
from monitor.admin.search import find_calls
from monitor.models import (
    Call,
    CallMark,
    CallPause,
    LedgerKind,
    ListenSession,
    Tap,
    encryption,
)
from monitor.services import (
    ledger,
    mark_words,
    pause_words,
    permissions,
    talk_words,
    word_scan,
    word_search,
)
from monitor.services.call_facts import facts_of


class TapInline(TapColumns, PartOfCall, HistoryInline):
    """The taps on a call's page."""

    model = Tap
    ordering = ("requested_at",)
    fields = readonly_fields = ("tap_link", "status", "direction", "started", "lasted", "gaps")

    @admin.display(description=_("requested"))
    def tap_link(self, tap: Tap) -> SafeString:
        return link_to_tap(tap)


class MarkInline(PartOfCall, HistoryInline):
    """Why a call needed attention."""

    model = CallMark
    verbose_name_plural = _("attention")
    fields = readonly_fields = ("began", "what", "ended")

    @admin.display(description=_("from"))
    def began(self, mark: CallMark) -> SafeString:
        return moment(mark.began_at)

    @admin.display(description=_("what"))
    def what(self, mark: CallMark) -> str:
        return mark_words.sentence(mark)

    @admin.display(description=_("to"))
    def ended(self, mark: CallMark) -> SafeString:
        return moment(mark.ended_at, after=mark.began_at)


class PauseInline(HistoryInline):
    """When nobody heard the call. It is part of the call, so whoever may see the call sees it."""

    model = CallPause
    fields = readonly_fields = ("began", "beginning", "ended", "what_ended")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("monitor.view_call")

    @admin.display(description=_("from"))
    def began(self, pause: CallPause) -> SafeString:
        return moment(pause.began_at)

    @admin.display(description=_("what"))
    def beginning(self, pause: CallPause) -> str:
        return pause_words.beginning(pause)

    @admin.display(description=_("to"))
    def ended(self, pause: CallPause) -> SafeString:
        return moment(pause.ended_at, after=pause.began_at)

    @admin.display(description=_("end"))
    def what_ended(self, pause: CallPause) -> str:
        return pause_words.end(pause) if pause.ended_at else NOTHING


@admin.register(Call)
class CallAdmin(HoldActions, HistoryAdmin):
    """The list of calls. A call's page shows its taps, and what people asked for.

    Users who may read what was said also search and filter by it.
    """

    change_list_template = "admin/monitor/call/change_list.html"

    list_display = (
        "created",
        "status",
        "agent",
        "caller",
        "caller_name",
        "lasted",
        "legs",
        "talk_shares",
        "listened",
        "call_id",
    )
    #: What is listed instead while words are looked for: the lines that have them need the room.
    said_display = ("created", "said", "agent", "caller", "caller_name", "lasted")
    list_filter = (AgentFilter, "created_at")
    date_hierarchy = "created_at"
    search_fields = ("call_id",)
    find = staticmethod(find_calls)
    search_help_text = _("The beginning of a call ID or a caller's number")
    fields = (
        "call_id",
        "agent",
        "caller",
        "caller_name",
        "project_id",
        "created",
        "status",
        "began",
        "ended",
        "gone",
        "talked",
        "legal_hold",
    )
    readonly_fields = ("created", "status", "began", "ended", "gone", "talked", "legal_hold")
    inlines = (TapInline, MarkInline, PauseInline, OrderInline)
    actions = ("hold", "release")
    nothing_yet = _(
        "No call is known yet. Calls appear here with their first tap, or when something is said."
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[HistoryList]:
        return SaidList if permissions.may_read_words(request.user) else HistoryList

    def get_list_display(self, request: HttpRequest) -> Any:
        is_search = permissions.may_read_words(request.user) and typed(request)
        return self.said_display if is_search else self.list_display

    def get_list_filter(self, request: HttpRequest) -> Any:
        may_read = permissions.may_read_words(request.user)
        return (*self.list_filter, *REPORT_FILTERS) if may_read else self.list_filter

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        may_read = permissions.may_read_words(request.user)
        is_scanned = encryption.may_be_there()
        context = {
            "may_read_words": may_read,
            "is_said_slow": may_read and not is_scanned and not word_search.has_index(),
            "most_scanned": word_scan.MOST if is_scanned else None,
            **(extra_context or {}),
        }
        response: Any = super().changelist_view(request, context)
        self._record_found(request, response)
        return cast("HttpResponse", response)

    def _record_found(self, request: HttpRequest, response: Any) -> None:
        """Write into the ledger in which calls a search shows what was said, before it is shown."""
        changelist: Any = (getattr(response, "context_data", None) or {}).get("cl")
        if getattr(changelist, "said", ""):
            ledger.append(
                [
                    ledger.by_request(request, LedgerKind.WORDS_READ, call.call_id, by="search")
                    for call in changelist.result_list
                ]
            )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        # The subquery and the legs are read for the rows of one page only.
        sessions = ListenSession.objects.filter(tap__call=OuterRef("pk")).order_by()
        by_call = sessions.values("tap__call").annotate(n=Count("pk")).values("n")
        listened = Subquery(by_call, output_field=IntegerField())
        legs = Prefetch("taps", Tap.objects.order_by("requested_at", "pk"))
        rows = super().get_queryset(request).select_related("talk")
        return cast("QuerySet[Any]", rows.annotate(listens=listened).prefetch_related(legs))

    def get_urls(self) -> list[URLPattern]:
        views = (
            ("<int:call_id>/vcon/", "monitor_call_vcon", self.vcon),
            ("words.<str:ending>", "monitor_call_words", self.words),
        )
        own = [
            path(route, self.admin_site.admin_view(require_safe(view)), name=name)
            for route, name, view in views
        ]
        return [*own, *super().get_urls()]

    def words(self, request: HttpRequest, ending: str) -> HttpResponseBase:
        """Send what was said in all calls that the filters in force find, as CSV or JSON Lines."""
        self._check_reader(request)
        if ending not in words_export.FORMS:
            raise Http404
        calls = self.get_changelist_instance(request).queryset
        self.log(request, Kind.EXPORTED, f"words.{ending}: {filters_of(request)}")
        return words_export.download(ending, calls)

    def vcon(self, request: HttpRequest, call_id: int) -> HttpResponse:
        """Send a call as a vCon, to save."""
        self._check_reader(request)
        call = get_object_or_404(permissions.calls_of(request.user), pk=call_id)
        self.log(request, Kind.EXPORTED, call)
        name = f"call-{call.pk}.vcon.json"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return JsonResponse(vcon.document(call), headers=headers)

    def _check_reader(self, request: HttpRequest) -> None:
        """Refuse users who may not read what was said in the calls of the list, or not save it."""
        self.check_exporter(request)
        if not permissions.may_read_words(request.user):
            raise PermissionDenied

    @admin.display(description=_("known since"), ordering="created_at")
    def created(self, call: Call) -> SafeString:
        return moment(call.created_at)

    @admin.display(description=_("began"))
    def began(self, call: Call) -> SafeString:
        return moment(facts_of(call, _legs(call)).started_at, after=call.created_at)

    @admin.display(description=_("ended"))
    def ended(self, call: Call) -> SafeString:
        return moment(facts_of(call, _legs(call)).ended_at, after=call.created_at)

    @admin.display(description=_("known to be over since"))
    def gone(self, call: Call) -> SafeString:
        return moment(call.gone_at, after=call.created_at)

    @admin.display(description=_("state"))
    def status(self, call: Call) -> SafeString:
        return state_label(facts_of(call, _legs(call)).state)

    @admin.display(description=_("duration"))
    def lasted(self, call: Call) -> str:
        return span(facts_of(call, _legs(call)).duration)

    @admin.display(description=_("taps"))
    def legs(self, call: Call) -> str:
        return ", ".join(leg.get_direction_display() for leg in _legs(call)) or NOTHING

    @admin.display(description=_("said"))
    def said(self, call: Any) -> SafeString:
        return cell(call.words, call.sought)

    @admin.display(description=_("talk, caller : agent"))
    def talk_shares(self, call: Call) -> str:
        return (talk_words.shares(call.talk) if hasattr(call, "talk") else "") or NOTHING

    @admin.display(description=_("who talked"))
    def talked(self, call: Call) -> SafeString | str:
        lines = talk_words.lines(call.talk) if hasattr(call, "talk") else []
        return format_html_join(mark_safe("<br>"), "{}: {}", lines) or NOTHING

    @admin.display(description=_("listened"))
    def listened(self, call: Any) -> int:
        return call.listens or 0


def _legs(call: Call) -> Sequence[Tap]:
    return list(call.taps.all())
