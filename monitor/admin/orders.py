"""Who had taps started and stopped, in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from monitor.admin.base import HistoryAdmin, HistoryInline
from monitor.admin.columns import NOTHING, UserColumn, link, link_to_tap, moment
from monitor.admin.filters import UserFilter
from monitor.admin.search import find_orders
from monitor.models import CallOrder
from monitor.services import stored_words
from monitor.services.carrier_requests import REASONS


class OrderColumns(UserColumn):
    """What was asked for, by whom, and what became of it."""

    @admin.display(description=_("asked"), ordering="asked_at")
    def asked(self, order: CallOrder) -> SafeString:
        return moment(order.asked_at)

    @admin.display(description=_("answered"))
    def answered(self, order: CallOrder) -> SafeString:
        return moment(order.done_at, after=order.asked_at)

    @admin.display(description=_("outcome"), ordering="error")
    def outcome(self, order: CallOrder) -> str:
        if order.is_open:
            return gettext("not known yet")
        if order.error:
            return stored_words.translate(REASONS.get(order.error, order.error))
        return gettext("done") if order.claimed_at else gettext("done without asking SignalWire")

    @admin.display(description=_("tap"))
    def tap_link(self, order: CallOrder) -> SafeString:
        return link_to_tap(order.tap)


class OrderInline(OrderColumns, HistoryInline):
    """The orders on a call's page."""

    model = CallOrder
    verbose_name_plural = _("asked for by people")
    ordering = ("asked_at", "pk")
    fields = readonly_fields = ("asked", "who", "kind", "tap_link", "answered", "outcome")


@admin.register(CallOrder)
class CallOrderAdmin(OrderColumns, HistoryAdmin):
    """Who had which tap started or stopped, and what SignalWire answered."""

    list_display = ("asked", "who", "kind", "call_link", "tap_link", "answered", "outcome")
    list_filter = ("kind", "asked_at", ("asked_by", UserFilter))
    date_hierarchy = "asked_at"
    search_fields = ("username",)
    find = staticmethod(find_orders)
    agent_path = "call__"
    search_help_text = _("The beginning of a user name, a call ID or a caller's number")
    fields = readonly_fields = (
        "who",
        "kind",
        "call_link",
        "tap_link",
        "asked",
        "sent",
        "answered",
        "outcome",
    )
    nothing_yet = _("Nobody has started or stopped a tap from a page yet.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("call", "tap")

    @admin.display(description=_("call"))
    def call_link(self, order: CallOrder) -> SafeString:
        return link(order.call, order.call.call_id)

    @admin.display(description=_("sent"))
    def sent(self, order: CallOrder) -> SafeString:
        return moment(order.claimed_at, after=order.asked_at) if order.claimed_at else NOTHING
