"""The timeline of a call, for the deck that plays it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from monitor.models import Call
from monitor.services import history, permissions
from monitor.web.pages.call_json import call_json


@call_json(permissions.may_watch, _("You may not see calls."))
def timeline(request: HttpRequest, row: Call) -> dict[str, Any]:
    """Answer what happened to a call so far, oldest first, and why it needed attention. Who
    listened is in it only for those who may see that."""
    sessions = history.sessions_for(request.user, row) or ()
    entries = history.timeline(history.legs_of(row), sessions, row.marks.all(), row.pauses.all())
    return {"entries": [history.describe(entry) for entry in entries]}
