"""The listening ledger, in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from monitor.admin import listen_report
from monitor.admin.base import HistoryAdmin, filters_of
from monitor.admin.columns import UserColumn, moment
from monitor.admin.export import Sheet, fields_named
from monitor.admin.listen_report import ReportForm
from monitor.admin.log import Kind
from monitor.admin.search import find_entries
from monitor.models import LedgerEntry, LedgerKind
from monitor.services import ledger, listen_reports, permissions
from monitor.services.ledger_chain import FIELDS


@admin.register(LedgerEntry)
class LedgerEntryAdmin(UserColumn, HistoryAdmin):
    """Who heard, read, did and was refused what. Nobody can change it here."""

    list_display = ("when", "who", "kind", "call_id", "listen", "address", "details")
    list_filter = ("at", "kind")
    date_hierarchy = "at"
    has_callers = False
    search_fields = ("username",)
    find = staticmethod(find_entries)
    search_help_text = _("The beginning of a user name, an IP address or a call ID")
    fields = readonly_fields = (
        "when",
        "who",
        "kind",
        "call_id",
        "tap",
        "listen",
        "address",
        "user_agent",
        "details",
        "chain",
        "number",
        "mac",
    )
    nothing_yet = _("The ledger has no entry yet.")
    sheet = Sheet(
        name="earshot-ledger",
        moment="at",
        columns=fields_named(*FIELDS, "mac"),
    )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list, of which the ledger has an entry too."""
        self._record(request, rows=filters_of(request))
        return super().changelist_view(request, extra_context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        self._record(request, entry=str(kwargs["obj"]))
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        views = (
            ("listened/", "monitor_ledgerentry_report", self.report),
            ("listened.<str:ending>", "monitor_ledgerentry_listened", self.listened),
        )
        own = [
            path(route, self.admin_site.admin_view(require_safe(view)), name=name)
            for route, name, view in views
        ]
        return [*own, *super().get_urls()]

    def report(self, request: HttpRequest) -> HttpResponse:
        """Show who listened to a call, or what a person listened to, and how long in all."""
        form, found = self._asked(request)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Who listened to what"),
            "form": form,
            "query": request.GET.urlencode(),
            "may_export": permissions.may_export(request.user),
        }
        if found is not None:
            self._record(request, report=filters_of(request))
            listed = listen_reports.listenings(list(found[: listen_report.LISTED]))
            context["totals"] = listen_reports.totals(found)
            context["rows"] = [listen_report.row(one) for one in listed]
        return render(request, "admin/monitor/ledgerentry/listen_report.html", context)

    def listened(self, request: HttpRequest, ending: str) -> HttpResponseBase:
        """Send the report as CSV or JSON Lines."""
        self.check_exporter(request)
        _form, found = self._asked(request)
        if ending not in listen_report.FORMS or found is None:
            raise Http404
        self.log(request, Kind.EXPORTED, f"listened.{ending}: {filters_of(request)}")
        return listen_report.download(ending, found)

    def _asked(self, request: HttpRequest) -> tuple[ReportForm, QuerySet[LedgerEntry] | None]:
        """Return the form, and what it finds, or None as long as nothing is asked."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = ReportForm(request.GET or None)
        entries = self.in_scope(request, LedgerEntry.objects.all())
        return form, form.find(entries) if form.is_valid() else None

    def _record(self, request: HttpRequest, **details: Any) -> None:
        """Write that somebody who may see it reads the ledger. Raises ledger.NotWritten."""
        if self.has_view_permission(request):
            entry = ledger.by_request(request, LedgerKind.LEDGER_READ, **details)
            ledger.append_within([entry])

    def in_scope(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Show all entries to whoever may read the ledger, whatever calls they see otherwise. An
        entry names people and the ID of a call, and tells nothing else of the call."""
        return rows

    @admin.display(description=_("time"), ordering="at")
    def when(self, entry: LedgerEntry) -> SafeString:
        return moment(entry.at)
