"""The middleware that says for whom the code of a request runs, and records what it is refused."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse

from monitor.models import Call, Tap
from monitor.services import refusals
from monitor.services.acting import acting

View = Callable[[HttpRequest], HttpResponse]


def middleware(get_response: View) -> View:
    """Remember the request while it is served, and record a refusal in the ledger."""

    def answer(request: HttpRequest) -> HttpResponse:
        before = acting.set(request)
        try:
            response = get_response(request)
            _record_refusal(request, response)
        finally:
            acting.reset(before)
        return response

    return answer


def _record_refusal(request: HttpRequest, response: HttpResponse) -> None:
    """Record that a signed-in user may not have what was asked for.

    A call of another team is answered as one that does not exist, but it is recorded.
    """
    refused = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
    match = request.resolver_match
    if response.status_code not in refused or match is None or not request.user.is_authenticated:
        return
    call_id = _call_in(match.kwargs)
    if response.status_code == HTTPStatus.FORBIDDEN:
        refusals.page(request, match.route, "permission", call_id)
    elif call_id:
        refusals.page(request, match.route, "team", call_id)


def _call_in(kwargs: dict[str, Any]) -> str:
    """Return the ID of the call that a route names by its number, or by a tap; "" if none."""
    calls = Call.objects.none()
    if "call_id" in kwargs:
        calls = Call.objects.filter(pk=kwargs["call_id"])
    elif "tap_id" in kwargs:
        calls = Call.objects.filter(taps=Tap(pk=kwargs["tap_id"]))
    return calls.values_list("call_id", flat=True).first() or ""
