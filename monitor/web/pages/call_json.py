"""Answering, as JSON, what the script of a page asks about a call."""

from __future__ import annotations

import functools
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from monitor.models import Call
from monitor.services import ledger, permissions

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

Answer = Callable[[HttpRequest, Call], dict[str, Any]]
View = Callable[[HttpRequest, int], HttpResponse]


def call_json(allowed: Callable[[Any], bool], not_allowed: StrPromise) -> Callable[[Answer], View]:
    """Make a view of a function that answers what is known of a call.

    Those who are not ``allowed`` to know it are told ``not_allowed``. A script would follow a
    redirection to the sign-in page, so being signed out is an error too.
    """

    def make_view(answer: Answer) -> View:
        @require_safe
        @never_cache
        @functools.wraps(answer)
        def view(request: HttpRequest, call_id: int) -> HttpResponse:
            if not request.user.is_authenticated:
                return _refused(_("You are signed out."), HTTPStatus.UNAUTHORIZED)
            if not allowed(request.user):
                return _refused(str(not_allowed), HTTPStatus.FORBIDDEN)
            row = permissions.calls_of(request.user).filter(pk=call_id).first()
            if row is None:
                return _refused(_("There is no such call."), HTTPStatus.NOT_FOUND)
            try:
                return JsonResponse(answer(request, row))
            except ledger.NotWritten:
                return _refused(_("This could not be recorded."), HTTPStatus.SERVICE_UNAVAILABLE)

        return view

    return make_view


def _refused(why: str, status: HTTPStatus) -> JsonResponse:
    return JsonResponse({"error": why}, status=status)
