"""Legal holds in the list of calls: two actions, and what a call's page says."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from monitor.admin.columns import NOTHING
from monitor.models import Call, LedgerKind
from monitor.services import holds, ledger, permissions


class HoldForm(ActionForm):
    """Chooses an action for calls, and says why."""

    reason = forms.CharField(required=False, max_length=200, label=_("Reason:"))


class HoldActions:
    """Lets whoever may do that put calls on legal hold, and end that."""

    action_form = HoldForm

    def has_hold_permission(self, request: HttpRequest) -> bool:
        return permissions.may_hold(request.user)

    @admin.action(description=_("Put on legal hold"), permissions=["hold"])
    def hold(self, request: HttpRequest, calls: QuerySet[Call]) -> None:
        by = ledger.by_request(request, LedgerKind.HELD)
        reason = request.POST.get("reason", "").strip()
        try:
            n = holds.hold(calls, reason, by)
        except ValueError:
            messages.error(request, gettext("A legal hold needs a reason: write it beside it."))
            return
        said = ngettext("%(n)s call is on legal hold.", "%(n)s calls are on legal hold.", n)
        messages.success(request, said % {"n": n})

    @admin.action(description=_("End the legal hold"), permissions=["hold"])
    def release(self, request: HttpRequest, calls: QuerySet[Call]) -> None:
        n = holds.release(calls, ledger.by_request(request, LedgerKind.RELEASED))
        said = ngettext("%(n)s legal hold has ended.", "%(n)s legal holds have ended.", n)
        messages.success(request, said % {"n": n})

    @admin.display(description=_("legal hold"))
    def legal_hold(self, call: Any) -> str:
        if not hasattr(call, "hold"):
            return NOTHING
        return f"{call.hold.since:%Y-%m-%d}, {call.hold.username}: {call.hold.reason}"
