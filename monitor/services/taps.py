"""What agents ask for: to open and stop the taps of a call, to pause it, and that a supervisor
listens."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from monitor.audio.g711 import CODECS
from monitor.models import ENDED, FINAL, Call, Direction, Notice, Tap, TapState, Transport
from monitor.services import calls, marks, pauses, rtp_ports, tap_urls, transitions
from monitor.services.transitions import STOPPED, Transition
from monitor.wire.text import UNSTORABLE, storable

#: A tap whose media has been gone for this long does not keep a new tap out.
GONE_AFTER = datetime.timedelta(seconds=5)
#: Nor does one whose process has sent no heartbeat for this long. It sends one every 10 s.
UNSEEN_AFTER = datetime.timedelta(seconds=30)

NoPort = rtp_ports.NoPort  # open_tap raises it: agents see nothing but this module


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


def open_tap(
    call_id: str,
    *,
    agent: str = "",
    direction: str = Direction.BOTH,
    codec: str = "PCMU",
    transport: str = Transport.WS,
    reason: str = "",
    caller: str = "",
    caller_name: str = "",
    project_id: str = "",
    asked_by: str = "",
    notice: str = "",
) -> OpenedTap:
    """Create a tap, and return it with what SignalWire needs to start it.

    ``hear``, SignalWire's older word, is taken as ``listen``. Raises ValueError, which names a
    wrong value and what is allowed, AlreadyTapped if the call has a live tap of that direction,
    and NoPort. The timeline names the agent, or the user ``asked_by``. ``notice`` says how the
    parties were told that the call is listened to; "" if they were not.
    """
    direction = Direction.LISTEN if direction == "hear" else direction
    _check_request(call_id, direction, codec, transport, notice)
    call = Call(call_id=call_id, agent=storable(agent)[:100], caller=storable(caller)[:64])
    call.caller_name = storable(caller_name)[:100]
    call.project_id = storable(project_id)[:64]
    with transaction.atomic():
        row = _lock_call(call)
        if live := _live(timezone.now()).filter(call=row, direction=direction).first():
            raise AlreadyTapped(live)
        tap = Tap(call=row, direction=direction, codec=codec, transport=transport, notice=notice)
        tap.agent = row.agent
        tap.reason = storable(reason)[:200]
        tap.control_id = f"earshot-{tap.id.hex}"
        tap.save(force_insert=True)
        if transport == Transport.RTP:
            rtp_ports.allocate(tap)
        transitions.note(tap, f"asked for by {asked_by or call.agent or 'a client'}", old="")
    return OpenedTap(tap, tap_urls.media_uri(tap), tap_urls.status_url(tap))


def is_tapped(call_id: str) -> bool:
    """Return whether a call has a tap that carries audio or still may."""
    return _live(timezone.now()).filter(call__call_id=storable(call_id)).exists()


def ask_for_help(call_id: str, reason: str) -> bool:
    """Show supervisors that a call's agent needs one of them; return False if they cannot hear
    the call, because it has no tap."""
    return marks.ask_for_help(storable(call_id), reason)


def pause(call_id: str, agent: str) -> bool:
    """Keep what is said in a call from everybody, from now on; return False if it is not known."""
    return pauses.pause_by_agent(call_id, agent)


def resume(call_id: str, agent: str) -> bool:
    """End the pause that a call's agent asked for; return False if there is none, or if a person
    wants it to go on."""
    return pauses.resume_by_agent(call_id, agent)


@transaction.atomic
def stop_taps(call_id: str) -> list[Tap]:
    """Ask for the end of every live tap of a call; return those that SignalWire must stop.

    From now on nobody new may listen and no media may connect. A tap that SignalWire does not
    end in time is ended by ``media.end_stopped``. A lost tap, which its media could bring back,
    is ended here.
    """
    going = Tap.objects.select_for_update(of=("self",)).filter(call__call_id=call_id)
    stopped = list(going.exclude(state__in=FINAL).order_by("requested_at"))
    for tap in stopped:
        if tap.stop_requested_at is None:
            tap.stop_requested_at = timezone.now()
            tap.save(update_fields=["stop_requested_at"])
            transitions.note(tap, "asked to stop")
        if tap.state == TapState.LOST:
            ended_at, reason = tap.ended_at, "asked to stop"
            end = Transition(TapState.FINISHED, reason, ended_at=ended_at, end_reason=STOPPED)
            transitions.move(tap, end)
    return [tap for tap in stopped if tap.state != TapState.LOST]


@transaction.atomic
def end_taps(call: Call, asked_by: str) -> list[Tap]:
    """End every tap of a call at once, because a user wants it, and return them.

    ``stop_taps`` gives SignalWire time to end a tap; here nobody may hear a second more of it,
    whatever SignalWire does.
    """
    going = Tap.objects.select_for_update(of=("self",)).filter(call=call)
    ended = list(going.exclude(state__in=FINAL).order_by("requested_at", "pk"))
    now = timezone.now()
    for tap in ended:
        tap.stop_requested_at = tap.stop_requested_at or now
        tap.save(update_fields=["stop_requested_at"])
        reason = f"stopped by {asked_by}"
        end = Transition(
            TapState.FINISHED, reason, ended_at=tap.ended_at or now, end_reason=STOPPED
        )
        transitions.move(tap, end)
    return ended


def set_rtp_source(call_id: str, control_id: str, addr: object, port: object) -> bool:
    """Record the address that SignalWire says it sends an RTP tap from.

    Return False if that cannot be an address, or if the call has no such tap.
    """
    return rtp_ports.set_source(storable(call_id), storable(control_id), addr, port)


def _lock_call(call: Call) -> Call:
    """Return the row of a call, created if it is new, and locked: one tap at a time is opened.

    A call that asks for a tap is not over, whatever was thought of it.
    """
    locked = calls.lock(call)
    if locked.gone_at:
        locked.gone_at = None
        locked.save(update_fields=["gone_at"])
    return locked


def _live(now: datetime.datetime) -> QuerySet[Tap]:
    """Return the taps that carry audio or still may, and so keep out another of their direction."""
    unused = Q(requested_at__lt=now - tap_urls.FIRST_CONNECT)
    dead_token = unused & Q(state=TapState.REQUESTED, transport=Transport.WS)
    gone = Q(media_closed_at__lte=now - GONE_AFTER)
    gone |= Q(media_closed_at=None, media_seen_at__lte=now - UNSEEN_AFTER)
    going = Tap.objects.exclude(state__in=ENDED).filter(stop_requested_at=None)
    return going.exclude(dead_token).exclude(gone)


def _check_request(call_id: str, direction: str, codec: str, transport: str, notice: str) -> None:
    """Refuse values that no tap may have. Raises ValueError."""
    _check("direction", direction, list(Direction.values))
    _check("codec", codec, list(CODECS))
    _check("transport", transport, list(Transport.values))
    _check("notice", notice, ["", *Notice.values])
    if not 0 < len(call_id) <= 255:
        raise ValueError("call_id must have 1 to 255 characters")
    if found := UNSTORABLE.search(call_id):
        raise ValueError(f"call_id must not have the character {found[0]!a}")


def _check(name: str, value: str, allowed: list[str]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} {value[:40]!r} is not one of {', '.join(allowed)}")
