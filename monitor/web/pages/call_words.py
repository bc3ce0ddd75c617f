"""What is said in a call, for the pages that show it."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from monitor.models import Call
from monitor.services import conversation, permissions


@require_safe
@never_cache
def words(request: HttpRequest, call_id: int) -> JsonResponse:
    """Answer everything that was said and done in a call so far, oldest first, and the carrier's
    summary of it, which is empty until the call is over."""
    if not request.user.is_authenticated:
        return _refused(_("You are signed out."), HTTPStatus.UNAUTHORIZED)
    if not permissions.may_read_words(request.user):
        return _refused(_("You may not read what is said in calls."), HTTPStatus.FORBIDDEN)
    row = Call.objects.filter(pk=call_id).first()
    if row is None:
        return _refused(_("There is no such call."), HTTPStatus.NOT_FOUND)
    lines = [conversation.describe(line) for line in conversation.of_call(row)]
    return JsonResponse({"lines": lines, "summary": conversation.summary(row)})


def _refused(why: str, status: HTTPStatus) -> JsonResponse:
    return JsonResponse({"error": why}, status=status)
