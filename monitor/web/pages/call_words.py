"""What is said in a call, for the pages that show it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from monitor.models import Call, LedgerKind
from monitor.services import conversation, ledger, permissions
from monitor.web.pages.call_json import call_json


@call_json(permissions.may_read_words, _("You may not read what is said in calls."))
def words(request: HttpRequest, row: Call) -> dict[str, Any]:
    """Answer everything that was said and done in a call so far, oldest first, and the carrier's
    summary of it, which is empty until the call is over. The ledger is told before."""
    ledger.append([ledger.by_request(request, LedgerKind.WORDS_READ, row.call_id)])
    lines = [conversation.describe(line) for line in conversation.of_call(row)]
    return {"lines": lines, "summary": conversation.summary(row)}
