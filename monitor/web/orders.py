"""What the pages ask for by POST: to have a call tapped, or its taps stopped."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from monitor.services import orders, permissions
from monitor.web import order_words

#: The status, and the word from which the page writes a sentence, for whatever an order is
#: refused with. ``monitor.web.order_words`` has the sentences.
REFUSALS: dict[type[Exception], tuple[HTTPStatus, str]] = {
    orders.NoSuchCall: (HTTPStatus.NOT_FOUND, "no_such_call"),
    orders.NotSetUp: (HTTPStatus.CONFLICT, "not_set_up"),
    orders.AlreadyAsked: (HTTPStatus.CONFLICT, "already_asked"),
    orders.AlreadyTapped: (HTTPStatus.CONFLICT, "already_tapped"),
    orders.NotTapped: (HTTPStatus.CONFLICT, "not_tapped"),
    orders.CallGone: (HTTPStatus.CONFLICT, "call_over"),
    orders.NoPort: (HTTPStatus.CONFLICT, "no_port"),
    orders.TooMany: (HTTPStatus.TOO_MANY_REQUESTS, "too_many"),
}


def orders_allowed(user: Any) -> dict[str, Any]:
    """Return, for a template, which buttons a user is offered: those that could have an effect.

    ``no_start`` says why a start would be refused, and is empty if it would not.
    """
    if not permissions.may_start(user):
        no_start = order_words.refusal("not_allowed")
    else:
        no_start = "" if orders.is_set_up() else order_words.refusal("not_set_up")
    return {
        "can_start": not no_start,
        "can_stop": permissions.may_stop(user),
        "no_start": no_start,
    }


@require_POST
@never_cache
def start(request: HttpRequest, call_id: int) -> JsonResponse:
    """Have a call tapped again. Its description tells all pages what becomes of that."""
    return _answer(request, call_id, permissions.may_start, orders.ask_start)


@require_POST
@never_cache
def stop(request: HttpRequest, call_id: int) -> JsonResponse:
    """End the taps of a call for everybody who listens."""
    return _answer(request, call_id, permissions.may_stop, orders.ask_stop)


def _answer(
    request: HttpRequest,
    call_id: int,
    allowed: Callable[[Any], bool],
    ask: Callable[[Any, int], None],
) -> JsonResponse:
    """Ask for an order, and answer 202, or the reason of a refusal.

    A script would follow a redirection to the sign-in page, so being signed out is 403 here.
    """
    user = request.user
    if not user.is_authenticated:
        return _refuse(HTTPStatus.FORBIDDEN, "signed_out")
    if not (permissions.may_watch(user) and allowed(user)):
        return _refuse(HTTPStatus.FORBIDDEN, "not_allowed")
    try:
        ask(user, call_id)
    except tuple(REFUSALS) as refusal:
        return _refuse(*REFUSALS[type(refusal)])
    return JsonResponse({}, status=HTTPStatus.ACCEPTED)


def _refuse(status: HTTPStatus, why: str) -> JsonResponse:
    return JsonResponse({"error": why}, status=status)
