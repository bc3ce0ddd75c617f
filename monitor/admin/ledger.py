"""The listening ledger, in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from monitor.admin.base import HistoryAdmin
from monitor.admin.columns import UserColumn, moment
from monitor.admin.export import Sheet, fields_named
from monitor.admin.search import find_entries
from monitor.models import LedgerEntry
from monitor.services import permissions
from monitor.services.ledger_chain import FIELDS


@admin.register(LedgerEntry)
class LedgerEntryAdmin(UserColumn, HistoryAdmin):
    """Who heard, read, started, stopped and exported what. Nobody can change it here."""

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

    def in_scope(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Show nothing to whoever does not see the calls of all teams: the entries name calls."""
        return rows if permissions.sees_all_teams(request.user) else rows.none()

    @admin.display(description=_("time"), ordering="at")
    def when(self, entry: LedgerEntry) -> SafeString:
        return moment(entry.at)
