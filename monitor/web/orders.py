"""What the pages ask for by POST: to have a call tapped or paused, or its taps stopped, or to hear
it for a reason."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from monitor.models import LedgerKind
from monitor.services import calls, ledger, orders, pauses, permissions, reasons
from monitor.web import order_words

logger = logging.getLogger(__name__)

#: The status, and the word from which the page writes a sentence, for whatever an order is
#: refused with. ``monitor.web.order_words`` has the sentences.
REFUSALS: dict[type[Exception], tuple[HTTPStatus, str]] = {
    calls.NoSuchCall: (HTTPStatus.NOT_FOUND, "no_such_call"),
    orders.NotSetUp: (HTTPStatus.CONFLICT, "not_set_up"),
    orders.AlreadyAsked: (HTTPStatus.CONFLICT, "already_asked"),
    orders.AlreadyTapped: (HTTPStatus.CONFLICT, "already_tapped"),
    orders.NotTapped: (HTTPStatus.CONFLICT, "not_tapped"),
    calls.CallGone: (HTTPStatus.CONFLICT, "call_over"),
    pauses.NotPaused: (HTTPStatus.CONFLICT, "not_paused"),
    orders.NoPort: (HTTPStatus.CONFLICT, "no_port"),
    orders.TooMany: (HTTPStatus.TOO_MANY_REQUESTS, "too_many"),
    reasons.TooShort: (HTTPStatus.BAD_REQUEST, "reason_too_short"),
    reasons.TooLong: (HTTPStatus.BAD_REQUEST, "reason_too_long"),
    reasons.TooMany: (HTTPStatus.TOO_MANY_REQUESTS, "too_many"),
    ledger.NotWritten: (HTTPStatus.SERVICE_UNAVAILABLE, "not_recorded"),
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
        "can_pause": permissions.may_pause(user),
        "no_start": no_start,
    }


@require_POST
@never_cache
def start(request: HttpRequest, call_id: int) -> JsonResponse:
    """Have a call tapped again. Its description tells all pages what becomes of that."""
    return _answer(request, call_id, _sees(permissions.may_start), _ask_start)


@require_POST
@never_cache
def stop(request: HttpRequest, call_id: int) -> JsonResponse:
    """End the taps of a call for everybody who listens."""
    return _answer(request, call_id, _sees(permissions.may_stop), _ask_stop)


@require_POST
@never_cache
def pause(request: HttpRequest, call_id: int) -> JsonResponse:
    """Pause a call for everybody, or prolong its pause."""
    return _answer(request, call_id, _sees(permissions.may_pause), _pause)


@require_POST
@never_cache
def resume(request: HttpRequest, call_id: int) -> JsonResponse:
    """End the pause of a call."""
    return _answer(request, call_id, _sees(permissions.may_pause), _resume)


@require_POST
@never_cache
def reason(request: HttpRequest, call_id: int) -> JsonResponse:
    """Take a user's reason for listening to a call, which its team may demand."""
    return _answer(request, call_id, permissions.may_listen, _give_reason)


def _give_reason(request: HttpRequest, call_id: int) -> None:
    reasons.give(request.user, call_id, request.POST.get("reason", ""))


def _pause(request: HttpRequest, call_id: int) -> None:
    """Pause a call even if that cannot be recorded, because then nobody hears any more."""
    _record_anyway(request, LedgerKind.PAUSED, call_id)
    pauses.pause(request.user, call_id)


def _resume(request: HttpRequest, call_id: int) -> None:
    _record(request, LedgerKind.RESUMED, call_id)
    pauses.resume(request.user, call_id)


def _ask_start(request: HttpRequest, call_id: int) -> None:
    _record(request, LedgerKind.TAP_ASKED, call_id)
    orders.ask_start(request.user, call_id)


def _ask_stop(request: HttpRequest, call_id: int) -> None:
    """Stop a call's taps even if that cannot be recorded, because then nobody hears any more."""
    _record_anyway(request, LedgerKind.TAP_STOP_ASKED, call_id)
    orders.ask_stop(request.user, call_id)


def _record_anyway(request: HttpRequest, kind: LedgerKind, call_id: int) -> None:
    """Write into the ledger what is asked, and only log it if that fails."""
    try:
        _record(request, kind, call_id)
    except ledger.NotWritten:
        logger.exception("%s by user %s was not recorded", kind, request.user.pk)


def _record(request: HttpRequest, kind: LedgerKind, call_id: int) -> None:
    """Write into the ledger what is asked of a call that the user may know of. Raises
    ledger.NotWritten."""
    if row := permissions.calls_of(request.user).filter(pk=call_id).first():
        ledger.append([ledger.by_request(request, kind, row.call_id)])


def _sees(allowed: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Return whether a user may do something, and sees the calls to do it to."""
    return lambda user: permissions.may_watch(user) and allowed(user)


def _answer(
    request: HttpRequest,
    call_id: int,
    allowed: Callable[[Any], bool],
    ask: Callable[[HttpRequest, int], None],
) -> JsonResponse:
    """Ask for an order, and answer 202, or the reason of a refusal.

    A script would follow a redirection to the sign-in page, so being signed out is 403 here.
    """
    user = request.user
    if not user.is_authenticated:
        return _refuse(HTTPStatus.FORBIDDEN, "signed_out")
    if not allowed(user):
        return _refuse(HTTPStatus.FORBIDDEN, "not_allowed")
    try:
        ask(request, call_id)
    except tuple(REFUSALS) as refusal:
        return _refuse(*REFUSALS[type(refusal)])
    return JsonResponse({}, status=HTTPStatus.ACCEPTED)


def _refuse(status: HTTPStatus, why: str) -> JsonResponse:
    return JsonResponse({"error": why}, status=status)
