"""The timeline of a call, for the deck that plays it."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from monitor.models import Call
from monitor.services import history, permissions


@require_safe
@never_cache
def timeline(request: HttpRequest, call_id: int) -> JsonResponse:
    """Answer what happened to a call so far, oldest first, and why it needed attention. Who
    listened is in it only for those who may see that."""
    if not request.user.is_authenticated:
        return _refused(_("You are signed out."), HTTPStatus.UNAUTHORIZED)
    if not permissions.may_watch(request.user):
        return _refused(_("You may not see calls."), HTTPStatus.FORBIDDEN)
    row = Call.objects.filter(pk=call_id).first()
    if row is None:
        return _refused(_("There is no such call."), HTTPStatus.NOT_FOUND)
    sessions = history.sessions_for(request.user, row) or ()
    entries = history.timeline(history.legs_of(row), sessions, row.marks.all())
    return JsonResponse({"entries": [history.describe(entry) for entry in entries]})


def _refused(why: str, status: HTTPStatus) -> JsonResponse:
    return JsonResponse({"error": why}, status=status)
