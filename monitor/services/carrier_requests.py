"""Hands orders to the worker that asks the carrier, and records the carrier's answers.

An order is claimed by one conditional UPDATE, so that one process sends it, once. A process may
die between the claim and the answer, and an answer may be lost on its way. The order then stays
open until the media shows that the tap runs, or until ANSWERED_WITHIN has passed. It is not sent
again: it may have been carried out.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from monitor.models import Call, CallOrder, OrderKind, Tap, TapState
from monitor.services import announce, call_life, tap_urls, transitions
from monitor.services.transitions import Transition
from monitor.wire.call_control import ControlError, TapStart, TapStop

#: An order that was claimed has failed after this long without an answer, and one that was not
#: claimed after this long without a process that could.
ANSWERED_WITHIN = datetime.timedelta(seconds=30)

#: What the timeline and the admin say about each error, in English: it is stored, and translated
#: where it is shown.
REASONS: dict[str, str] = {
    ControlError.KEY_REFUSED: _("SignalWire refused the project ID or the API token"),
    ControlError.CALL_OVER: _("SignalWire knows no such call: it is over"),
    ControlError.INVALID: _("SignalWire did not accept the request"),
    ControlError.BUSY: _("SignalWire had too many requests"),
    ControlError.UNREACHABLE: _("SignalWire could not be reached"),
    ControlError.CARRIER_FAILED: _("SignalWire had an error"),
    ControlError.NO_ANSWER: _("SignalWire did not answer"),
    ControlError.NOT_SENT: _("no server was there to ask SignalWire"),
}


@dataclass(frozen=True, slots=True)
class Claimed:
    """An order that its claimer must send, and whose answer it must record."""

    order_id: int
    request: TapStart | TapStop


def any_open() -> bool:
    """Return whether the outcome of an order is still unknown."""
    return CallOrder.objects.filter(done_at=None).exists()


def claim() -> Claimed | None:
    """Claim the oldest order that may be sent now; return None if there is none.

    A stop waits for the answer to the start before it, and the other way round, so that
    SignalWire gets them in the order in which they were asked for.
    """
    before = CallOrder.objects.filter(call=OuterRef("call"), pk__lt=OuterRef("pk"), done_at=None)
    waits = Exists(before.exclude(kind=OuterRef("kind")))
    due = CallOrder.objects.filter(~waits, claimed_at=None, done_at=None).order_by("pk")
    for order in due.select_related("tap__call", "tap__rtp_lease"):
        unclaimed = CallOrder.objects.filter(pk=order.pk, claimed_at=None, done_at=None)
        if unclaimed.update(claimed_at=timezone.now()):
            return Claimed(order.pk, _request(order))
    return None


def record_success(order_id: int) -> None:
    """Record that the carrier accepted an order."""
    with transaction.atomic():
        if order := _close(order_id, ""):
            transitions.note(order.tap, f"SignalWire accepted the {order.kind}")


def record_failure(order_id: int, error: ControlError) -> None:
    """Record why the carrier did not carry out an order. Its tap has failed, unless it is live.

    Nothing is recorded of an answer that was lost: ``settle`` waits for the media first.
    """
    if error == ControlError.NO_ANSWER:
        return
    _fail(order_id, error)


def settle(now: datetime.datetime | None = None) -> None:
    """Close the orders whose outcome the media has shown, and those that have waited too long."""
    now = now or timezone.now()
    open_orders = CallOrder.objects.filter(done_at=None)
    begun = Q(kind=OrderKind.START) & ~Q(tap__state=TapState.REQUESTED)
    for order_id in _ids(open_orders.filter(begun)):
        with transaction.atomic():
            _close(order_id, "")
    unanswered = open_orders.filter(claimed_at__lte=now - ANSWERED_WITHIN)
    for order_id in _ids(unanswered):
        _fail(order_id, ControlError.NO_ANSWER)
    unsent = open_orders.filter(claimed_at=None, asked_at__lte=now - ANSWERED_WITHIN)
    for order_id in _ids(unsent):
        _fail(order_id, ControlError.NOT_SENT)


def _fail(order_id: int, error: ControlError) -> None:
    """Close an order with an error, and let a tap that still waits for its start fail.

    A tap that is live, or was stopped meanwhile, waits for nothing: its order has no error.
    """
    with transaction.atomic():
        order = CallOrder.objects.filter(pk=order_id).first()
        if order is None:
            return  # deleted meanwhile
        # The call first, as in ``orders``: whoever locked both the other way round could meet it.
        call = Call.objects.locked().get(pk=order.call_id)
        tap = transitions.lock(order.tap_id)
        if order.kind == OrderKind.STOP:
            if _close(order_id, error):
                transitions.note(tap, f"not stopped at the carrier: {REASONS[error]}")
        elif _close(order_id, error if tap.state == TapState.REQUESTED else ""):
            _let_fail(call, tap, error)


def _let_fail(call: Call, tap: Tap, error: ControlError) -> None:
    """Let a tap of a locked call fail. Its end has no reason of its own, because the order tells
    it."""
    now = timezone.now()
    if error == ControlError.CALL_OVER:
        call_life.end_unknown(call, now)  # before the tap, whose end then ends the call's marks
    transitions.move(tap, Transition(TapState.FAILED, REASONS[error], ended_at=now))


def _close(order_id: int, error: str) -> CallOrder | None:
    """Close an order if it is open, and return it."""
    open_order = CallOrder.objects.filter(pk=order_id, done_at=None)
    if not open_order.update(done_at=timezone.now(), error=error):
        return None
    order = CallOrder.objects.select_related("tap").get(pk=order_id)
    announce.publish_change(order.tap_id)
    return order


def _request(order: CallOrder) -> TapStart | TapStop:
    tap = order.tap
    if order.kind == OrderKind.STOP:
        return TapStop(tap.call.call_id, tap.control_id)
    return TapStart(
        call_id=tap.call.call_id,
        control_id=tap.control_id,
        direction=tap.direction,
        codec=tap.codec,
        uri=tap_urls.media_uri(tap),
        status_url=tap_urls.status_url(tap),
    )


def _ids(orders: QuerySet[CallOrder]) -> list[int]:
    return list(orders.order_by("pk").values_list("pk", flat=True))
