"""Orders: a user has the taps of a call started or stopped, and a worker tells the carrier.

A call that has had taps gets those again; another one gets taps like the agent's calls have. A
start opens its taps at once, so that media and status posts find them whenever they come. A
stop ends its taps at once, so that nobody hears a second more. What the carrier answers is
written into the order; the state of a tap follows its media and its status posts as ever.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from monitor.audio.g711 import CODECS
from monitor.models import ENDED, Call, CallOrder, Direction, OrderKind, Tap
from monitor.services import announce, rtp_ports, taps
from monitor.services.call_facts import facts_of
from monitor.services.calls import CallGone, lock_for
from monitor.services.order_facts import is_gone

NoPort = rtp_ports.NoPort  # ask_start raises it

#: A user may have this many taps started and stopped within a minute.
PER_MINUTE = 30
MINUTE = datetime.timedelta(minutes=1)


class NotSetUp(Exception):
    """The settings do not say how to reach the carrier's REST API."""


class AlreadyAsked(Exception):
    """Somebody else has just asked for the same."""


class AlreadyTapped(Exception):
    """The call has a tap that goes on."""


class NotTapped(Exception):
    """The call has no tap that could be stopped."""


class TooMany(Exception):
    """The user has asked for too much within a minute."""


def is_set_up() -> bool:
    """Return whether the settings say how to reach SignalWire's REST API."""
    names = ("SIGNALWIRE_SPACE", "SIGNALWIRE_PROJECT_ID", "SIGNALWIRE_API_TOKEN")
    return all(getattr(settings, name) for name in names)


def ask_start(user: Any, call_id: int) -> None:
    """Ask for the taps that a call had at last, or for taps like those of its agent's last call,
    with the same codec and transport.

    Raises NoSuchCall, NotSetUp, TooMany, AlreadyAsked, AlreadyTapped, CallGone and NoPort.
    """
    if not is_set_up():
        raise NotSetUp
    with transaction.atomic():
        call = lock_for(user, call_id)
        _check_allowance(user)
        legs = list(call.taps.order_by("requested_at", "pk"))
        if CallOrder.objects.filter(call=call, kind=OrderKind.START, done_at=None).exists():
            raise AlreadyAsked
        if not all(leg.state in ENDED for leg in legs):
            raise AlreadyTapped
        if is_gone(call, facts_of(call, legs).ended_at, timezone.now()):
            raise CallGone
        wanted = _last_legs(legs) if legs else _usual_legs(call)
        opened = [_open(call, leg, user.get_username()) for leg in wanted]
        _create(OrderKind.START, opened, user)


def ask_stop(user: Any, call_id: int) -> None:
    """End every tap of a call, and ask for SignalWire to be told.

    Where the REST API is not set up nobody is told: the media is closed here, and the tap ends at
    SignalWire with its agent's next ``stop_monitoring``, or with the call. Raises NoSuchCall,
    TooMany and NotTapped.
    """
    with transaction.atomic():
        call = lock_for(user, call_id)
        _check_allowance(user)
        ended = taps.end_taps(call, user.get_username())
        if not ended:
            raise NotTapped
        known = _known_to_carrier(ended) if is_set_up() else []
        _create(OrderKind.STOP, known, user)
        untold = [tap for tap in ended if tap not in known]
        _create(OrderKind.STOP, untold, user, done_at=timezone.now())


def _known_to_carrier(ended: Sequence[Tap]) -> list[Tap]:
    """Return the taps that the carrier may have started; withdraw the orders for the others."""
    unsent = CallOrder.objects.filter(tap__in=ended, claimed_at=None, done_at=None)
    withdrawn = set(unsent.values_list("tap_id", flat=True))
    unsent.update(done_at=timezone.now())
    return [tap for tap in ended if tap.pk not in withdrawn]


def _check_allowance(user: Any) -> None:
    lately = CallOrder.objects.filter(asked_by=user, asked_at__gt=timezone.now() - MINUTE)
    if lately.count() >= PER_MINUTE:
        raise TooMany


def _last_legs(legs: Sequence[Tap]) -> list[Tap]:
    """Return the legs to tap again: the newest one, and the other side if it was tapped apart."""
    newest = {leg.direction: leg for leg in legs}
    if legs[-1].direction == Direction.BOTH:
        return [legs[-1]]
    return [leg for direction, leg in newest.items() if direction != Direction.BOTH]


def _usual_legs(call: Call) -> list[Tap]:
    """Return the legs to tap in a call that had none: both sides, apart if the last call of its
    agent was tapped so, and with that call's codec and transport."""
    tapped = Call.objects.filter(Exists(Tap.objects.filter(call=OuterRef("pk"))), agent=call.agent)
    last = tapped.order_by("-created_at", "-pk").first()
    legs = _last_legs(list(last.taps.order_by("requested_at", "pk"))) if last else [Tap()]
    apart = (Direction.SPEAK, Direction.LISTEN)
    sides = apart if len(legs) == len(apart) else (Direction.BOTH,)
    like = legs[0]
    return [Tap(direction=side, codec=like.codec, transport=like.transport) for side in sides]


def _open(call: Call, leg: Tap, asked_by: str) -> Tap:
    """Open a tap like another one."""
    opened = taps.open_tap(
        call.call_id,
        direction=leg.direction,
        codec=leg.codec if leg.codec in CODECS else "PCMU",
        transport=leg.transport,
        reason=leg.reason,
        notice=leg.notice if leg.call_id == call.pk else "",  # another call's is not this one's
        asked_by=asked_by,
    )
    return opened.tap


def _create(
    kind: str, legs: Iterable[Tap], user: Any, *, done_at: datetime.datetime | None = None
) -> None:
    """Create the orders of one request, which share the moment at which it was made."""
    asked_at = timezone.now()
    for leg in legs:
        CallOrder.objects.create(
            call_id=leg.call_id,
            tap=leg,
            kind=kind,
            asked_by=user,
            username=user.get_username(),
            asked_at=asked_at,
            done_at=done_at,
        )
        announce.publish_change(leg.pk)
