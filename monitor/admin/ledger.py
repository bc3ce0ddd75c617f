"""The listening ledger, in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from monitor.admin.base import HistoryAdmin, filters_of
from monitor.admin.columns import UserColumn, moment
from monitor.admin.export import Sheet, fields_named
from monitor.admin.search import find_entries
from monitor.models import LedgerEntry, LedgerKind
from monitor.services import ledger
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
