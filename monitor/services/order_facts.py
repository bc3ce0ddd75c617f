"""What the pages are told about the orders of a call, concluded from rows that were read before."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

from monitor.models import Call, CallOrder, OrderKind, Tap, TapState

#: A call whose last tap ended this long ago is not offered to be tapped again: it is over too.
STARTABLE_FOR = datetime.timedelta(hours=4)


def describe_order(orders: Iterable[CallOrder], legs: Sequence[Tap]) -> dict[str, str] | None:
    """Describe the order that is under way, or the last one if it failed; otherwise None.

    ``legs`` are all taps of the call, oldest first. A start is over as soon as its tap is live,
    whatever the carrier answers or does not answer: the media says so.
    """
    of_legs = {leg.pk: leg for leg in legs}
    newest = {leg.direction: leg.pk for leg in legs}.values()
    # An order for a leg that has been replaced by a newer one concerns nobody any more.
    current = [order for order in orders if order.tap_id in newest]
    asked_at = max((order.asked_at for order in current), default=None)
    last = [order for order in current if order.asked_at == asked_at]
    if under_way := [order for order in last if _is_under_way(order, of_legs[order.tap_id])]:
        return {"kind": under_way[0].kind, "error": ""}
    failed = next((order for order in last if order.error), None)
    return {"kind": failed.kind, "error": failed.error} if failed else None


def count_changes(orders: Iterable[CallOrder]) -> int:
    """Return a number that rises whenever an order is made or answered, and never falls."""
    return sum(1 if order.is_open else 2 for order in orders)


def is_gone(call: Call, ended_at: datetime.datetime | None, now: datetime.datetime) -> bool:
    """Return whether a call cannot be tapped any more, as far as is known."""
    return call.gone_at is not None or (ended_at is not None and ended_at < now - STARTABLE_FOR)


def _is_under_way(order: CallOrder, leg: Tap) -> bool:
    if order.kind == OrderKind.START and leg.state != TapState.REQUESTED:
        return False
    return order.is_open
