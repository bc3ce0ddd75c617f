"""The verbs of a tap, and the only writer of its state.

A transition is one conditional UPDATE that names the states it may leave, so
replays, races and any order of the two witnesses (status webhooks here, the media
in ``monitor.media``) end in the same state; each leaves a TapEvent. Pages learn of
it when the transaction is committed.
"""

from __future__ import annotations

import datetime
import re
import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from . import announce, leases
from .audio.g711 import CODECS
from .live import bus, tokens
from .models import ENDED, FINAL, Call, Direction, Tap, TapEvent, TapState

FIRST_CONNECT = datetime.timedelta(seconds=120)  # a media token unused for longer is dead

#: A tap whose media is gone for so long, or whose process has given no sign of life, which it
#: does every 10 s, keeps no new tap out.
GONE_AFTER = datetime.timedelta(seconds=5)
UNSEEN_AFTER = datetime.timedelta(seconds=30)
STOP_WITHIN = datetime.timedelta(seconds=5)  # for SignalWire to end a tap when asked to
STOPPED = "monitoring was stopped"  # the end_reason of a tap that it did not end

TRANSPORTS = ("ws", "rtp")

NoPort = leases.NoPort  # open_tap raises it: agents see nothing but this module

#: NUL and half surrogate pairs, which no database takes, and the characters that turn the
#: direction of the text around them (UAX #9): a caller's name must not rewrite its page.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

#: Where a tap may come from. A late ``finished`` corrects lost and failed, and media that
#: comes back corrects lost.
LEAVES: dict[str, tuple[str, ...]] = {
    TapState.TAPPING: (TapState.REQUESTED, TapState.LOST),
    TapState.FINISHED: (TapState.REQUESTED, TapState.TAPPING, TapState.LOST, TapState.FAILED),
    TapState.LOST: (TapState.TAPPING,),
    TapState.FAILED: (TapState.REQUESTED,),
}


class AlreadyTapped(Exception):
    """The call has a live tap of this direction."""

    def __init__(self, tap: Tap) -> None:
        super().__init__(f"{tap.direction} is already tapped as {tap.control_id}")
        self.tap = tap


@dataclass(frozen=True, slots=True)
class OpenedTap:
    """A tap and the two URLs that SignalWire is given for it."""

    tap: Tap
    uri: str
    status_url: str


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What a status webhook said, parsed."""

    state: str
    control_id: str
    call_id: str
    at: datetime.datetime | None
    payload: dict[str, Any]
    digest: str


def media_uri(tap: Tap) -> str:
    """The ``ws(s)://`` or ``rtp://`` address that SignalWire streams a tap to."""
    if tap.transport == "rtp":
        return f"rtp://{tap.rtp_lease.address}:{tap.rtp_lease.port}"
    return f"{settings.PUBLIC_URL.replace('http', 'ws', 1)}/tap/{tokens.make('media', tap.id)}"


def status_url(tap: Tap) -> str:
    """The address that SignalWire posts a tap's status to."""
    return f"{settings.PUBLIC_URL}/tap/{tokens.make('status', tap.id)}/status"


def open_tap(
    call_id: str,
    *,
    agent: str = "",
    direction: str = "both",
    codec: str = "PCMU",
    transport: str = "ws",
    reason: str = "",
    caller: str = "",
    caller_name: str = "",
    project_id: str = "",
) -> OpenedTap:
    """Ask for a tap: the row, and what SignalWire needs to start it.

    ``hear``, the older word, is understood as ``listen``. Raises ValueError,
    naming the value and what is allowed, AlreadyTapped where the call has a live
    tap of that direction, and NoPort.
    """
    direction = "listen" if direction == "hear" else direction
    _check_request(call_id, direction, codec, transport)
    known = {
        "agent": storable(agent)[:100],
        "caller": storable(caller)[:64],
        "caller_name": storable(caller_name)[:100],
        "project_id": storable(project_id)[:64],
    }
    with transaction.atomic():
        call, _ = Call.objects.get_or_create(call_id=call_id, defaults=known)
        Call.objects.select_for_update().get(pk=call.pk)  # one opener of a call at a time
        if live := _live(timezone.now()).filter(call=call, direction=direction).first():
            raise AlreadyTapped(live)
        tap = Tap(call=call, direction=direction, codec=codec, transport=transport)
        tap.reason = storable(reason)[:200]
        tap.control_id = f"earshot-{tap.id.hex}"
        tap.save(force_insert=True)
        if transport == "rtp":
            leases.lease(tap)
        note(tap, f"asked for by {known['agent'] or 'a client'}", old="")
    return OpenedTap(tap, media_uri(tap), status_url(tap))


@transaction.atomic
def stop_taps(call_id: str) -> list[Tap]:
    """Ask for the end of every live tap of a call; returns them, for SignalWire to be told.

    From now on nobody new may listen and no media may connect. A tap that SignalWire does
    not end within STOP_WITHIN is ended by ``media.end_stopped``. A lost tap, which its
    media could bring back, is ended here.
    """
    going = Tap.objects.select_for_update(of=("self",)).filter(call__call_id=call_id)
    stopped = list(going.exclude(state__in=FINAL).order_by("requested_at"))
    for tap in stopped:
        if tap.stop_requested_at is None:
            tap.stop_requested_at = timezone.now()
            tap.save(update_fields=["stop_requested_at"])
            note(tap, "asked to stop")
        if tap.state == TapState.LOST:
            move(tap, TapState.FINISHED, {"end_reason": STOPPED}, reason="asked to stop")
    return [tap for tap in stopped if tap.state != TapState.LOST]


def record_status(tap_id: uuid.UUID, report: StatusReport) -> bool:
    """Store a status webhook and follow it. False if this very post is already stored.

    Raises Tap.DoesNotExist.
    """
    with transaction.atomic():
        tap = locked(tap_id)
        again = TapEvent.objects.filter(tap=tap, digest=report.digest)
        if again.update(repeats=F("repeats") + 1):
            return False
        reason = f"SignalWire says {report.state[:40]}"
        if report.control_id != tap.control_id:
            reason += f" of control_id {report.control_id[:80] or 'none'}"
        if report.call_id not in ("", tap.call.call_id):
            reason += f" of call {report.call_id[:80]}"
        known: dict[str, Any] = {
            "reason": reason,
            "payload": report.payload,
            "digest": report.digest,
        }
        at = _plausible(report.at, tap)
        moved = False
        if report.state == TapState.TAPPING:
            # Told late, it still says when the tap began.
            Tap.objects.filter(pk=tap.pk, started_at=None).update(started_at=at)
            # Of a lost tap this is old news: only its media can bring it back.
            moved = tap.state != TapState.LOST and move(tap, TapState.TAPPING, {}, **known)
        elif report.state == TapState.FINISHED:
            ended_at = max(at, tap.started_at or at)  # the sender's clock may be behind ours
            moved = move(tap, TapState.FINISHED, {"ended_at": ended_at, "end_reason": ""}, **known)
            # One that we ended because it was asked to stop: now its true end is known.
            stopped = Tap.objects.filter(pk=tap.pk, state=TapState.FINISHED, end_reason=STOPPED)
            stopped.update(ended_at=ended_at)
        if not moved:
            note(tap, **known)
    return True


def source_told(call_id: str, control_id: str, addr: object, port: object) -> bool:
    """Keep where SignalWire says that it sends an RTP tap from; False if that is nonsense."""
    return leases.source_told(storable(call_id), storable(control_id), addr, port)


def may_listen(user: Any, tap: Tap) -> bool:
    """May this user hear this tap?"""
    return bool(user.is_active and user.has_perm("monitor.listen_tap"))


def may_watch(user: Any) -> bool:
    """May this user see the live list?"""
    return bool(user.is_active and user.has_perm("monitor.view_tap"))


def _live(now: datetime.datetime) -> QuerySet[Tap]:
    """Taps that carry audio or still may: they keep another one of their direction out."""
    dead_token = Q(state=TapState.REQUESTED, transport="ws", requested_at__lt=now - FIRST_CONNECT)
    gone = Q(media_closed_at__lte=now - GONE_AFTER)
    gone |= Q(media_closed_at=None, media_seen_at__lte=now - UNSEEN_AFTER)
    going = Tap.objects.exclude(state__in=ENDED).filter(stop_requested_at=None)
    return going.exclude(dead_token).exclude(gone)


def locked(tap_id: uuid.UUID) -> Tap:
    """The tap, nobody else's until this transaction ends. Raises Tap.DoesNotExist."""
    return Tap.objects.select_for_update(of=("self",)).select_related("call").get(pk=tap_id)


def move(tap: Tap, new: str, fields: dict[str, Any], **event: Any) -> bool:
    """Make a transition, unless the tap's state does not allow it."""
    leaves = LEAVES.get(new, ())
    may_leave = Tap.objects.filter(pk=tap.pk, state__in=leaves)
    fields = {**fields, "transitions": F("transitions") + 1}
    if tap.state not in leaves or not may_leave.update(state=new, **fields):
        return False
    TapEvent.objects.create(tap=tap, old=tap.state, new=new, **event)
    if new in FINAL and tap.stop_requested_at:
        transaction.on_commit(lambda: bus.forget_ring(tap.pk))  # nobody may hear it any more
    if new in ENDED and tap.transport == "rtp":
        leases.heard([tap.pk])  # its sender may go on for a while
    announce.changed(tap.pk)
    return True


def note(tap: Tap, reason: str, *, old: str | None = None, **event: Any) -> None:
    """Keep something in a tap's timeline that changes no state."""
    old = tap.state if old is None else old
    TapEvent.objects.create(tap=tap, old=old, new=tap.state, reason=reason[:300], **event)
    announce.changed(tap.pk)


def _plausible(at: datetime.datetime | None, tap: Tap) -> datetime.datetime:
    """A sender's clock where it can be right, ours otherwise."""
    now = timezone.now()
    earliest = tap.requested_at - datetime.timedelta(seconds=5)
    return at if at and earliest <= at <= now else now


def storable(text: str) -> str:
    """Return the text with a replacement character for each that must not be stored."""
    return _UNSTORABLE.sub("\ufffd", text)


def _check_request(call_id: str, direction: str, codec: str, transport: str) -> None:
    """Refuse values that no tap may have. Raises ValueError."""
    _check("direction", direction, list(Direction.values))
    _check("codec", codec, list(CODECS))
    _check("transport", transport, list(TRANSPORTS))
    if not 0 < len(call_id) <= 255:
        raise ValueError("call_id must have 1 to 255 characters")
    if found := _UNSTORABLE.search(call_id):
        raise ValueError(f"call_id must not have the character {found[0]!a}")


def _check(name: str, value: str, allowed: list[str]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} {value[:40]!r} is not one of {', '.join(allowed)}")
