"""ListenConsumer: a tap's audio to one browser."""

from __future__ import annotations

import asyncio
import functools
import json
import time
from typing import Any

from .. import announce, listens, metrics, staticfiles, taps
from ..audio import frame, g711
from ..audio.sequence import uint32_diff
from ..models import ENDED, ListenSession, Tap
from . import bus
from .auth import client_of
from .close import CloseCode, Closed
from .database import threaded
from .hub import MAILBOX, Mailbox, chunks
from .lag import Lag
from .page import ALIVE, PageConsumer
from .rooms import ListenerSeat
from .runtime import Runtime
from .stream import STALL

GRACE = 0.5  # seconds that audio may still be under way when its tap has ended
BACKFILL_EVERY = 5.0  # seconds; a ring is 480 kB
ACK = 64  # bytes at most, for one with the largest position has 40
MAX_BACKFILL = 600.0  # seconds; a ring holds less


class ListenConsumer(PageConsumer):
    """hello, then Frames, then end. The hub's bytes are forwarded as they are."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, Mailbox(chunks(MAILBOX)))
        self._seat = ListenerSeat(self._mailbox.put)
        self._session: asyncio.Task[ListenSession] | None = None
        self._frames = 0  # that the pump has sent
        self._counted = 0  # of the dropped frames, in /metrics
        self._backfill = 0.0
        self._backfill_after = 0.0
        self._ring_end: int | None = None  # position of its last Frame, while the hub is not there
        self._state = ""
        self._transitions = 0  # of the tap, when it was in that state
        self._notes: list[dict[str, Any]] = []  # what goes out before the next frame
        self._ending: asyncio.TimerHandle | None = None  # of the listening, after its tap's

    @functools.cached_property
    def _tap(self) -> Tap:
        """Read from the database when it is first asked for. Raises Closed."""
        tap_id = self.scope["url_route"]["kwargs"]["tap_id"]
        tap = Tap.objects.select_related("call").filter(pk=tap_id).first()
        if tap is None:
            raise Closed(CloseCode.NO_SUCH_TAP, "no such tap")
        return tap

    def allowed(self, user: Any) -> None:
        if not taps.may_listen(user, self._tap):
            raise Closed(CloseCode.NOT_ALLOWED, "you may not listen to this tap")

    async def opened(self) -> None:
        self._tap_id = str(self._tap.pk).encode()
        start = threaded(listens.start)(self._user, self._tap, client_of(self.scope))
        self._session = self._runtime.writes.begin(start)
        try:
            session = await asyncio.shield(self._session)
        except listens.TooMany as error:
            raise Closed(CloseCode.TOO_MANY, str(error)) from None
        except listens.NotOpen as error:
            raise Closed(CloseCode.NO_SUCH_TAP, str(error)) from None
        # Or the first event, which is about us, would look new.
        self._state, self._transitions = self._tap.state, self._tap.transitions
        await self._runtime.hub.subscribe(bus.EVENTS, self._tap_changed)
        position = await self._runtime.tap_rooms.enter(self._tap.pk, self._seat)
        self._runtime.listening[session.pk] = self
        # Read now: what changed before the subscription came as no event.
        tap = await threaded(announce.describe_now)(self._tap.pk)
        self._state, self._transitions = tap["state"], tap["transitions"]
        await self.send_json(
            {
                "type": "hello",
                "build": staticfiles.build(),
                "tap": tap,
                "rate": g711.SAMPLE_RATE,
                "channels": 1,
                "leg": self._tap.direction,
                "state": self._state,
                "stalled": tap["media"] and await self._silent(),
                "position": position,
            }
        )
        self._follow(tap)
        self._direct.take_text = self._take

    async def pump(self) -> None:
        """Send what stands before the next Frame, or waits for a client that is slow; else let
        Frames flow. This wakes only after they were held."""
        while True:
            if not self._mailbox.wake.is_set() and self._ring_end is None:
                self._seat.flow(self._direct.flow)
            await self._mailbox.wake.wait()
            frames = self._mailbox.take()
            notes, self._notes = self._notes, []
            for note in notes:
                await self.send_json(note)
            if self._ring_end is not None:
                frames = self._behind_ring(frames, self._ring_end)
            if self._backfill:
                frames = await self._with_older(frames)
            for data in frames:
                await self._send({"type": "websocket.send", "bytes": data})
                self._frames += 1
                metrics.hot.frames_out += 1

    def _stir(self) -> None:
        """Have the pump do something before any more Frames."""
        self._seat.hold()
        self._mailbox.wake.set()

    @property
    def lag(self) -> Lag:
        return self._seat.lag

    @property
    def told(self) -> int:
        return self._frames + self._seat.flowed

    def _take(self, payload: bytes) -> bool:
        """Take an acknowledgement straight from the socket; all else, ``heard`` does."""
        if len(payload) > ACK:
            return False
        try:
            message = json.loads(payload)
        except ValueError:
            return False
        return (
            isinstance(message, dict)
            and message.get("type") == "ack"
            and isinstance(message.get("position"), int)
            and self.lag.acked(message["position"], time.monotonic())
        )

    async def heard(self, message: dict[str, Any]) -> None:
        kind = message.get("type")
        if kind == "ack" and isinstance(message.get("position"), int):
            if not self.lag.acked(message["position"], time.monotonic()):
                await self.complain("position was never sent")
        elif kind == "backfill" and isinstance(message.get("seconds"), int | float):
            if not 0 < message["seconds"] <= MAX_BACKFILL:
                await self.complain(f"seconds is not between 0 and {MAX_BACKFILL:.0f}")
                return
            if time.monotonic() < self._backfill_after:
                await self.complain(f"one backfill in {BACKFILL_EVERY:.0f} s")
                return
            self._backfill_after = time.monotonic() + BACKFILL_EVERY
            self._backfill = float(message["seconds"])
            self._stir()
        else:
            await self.complain("type is ack with a position, or backfill with seconds")

    def look(self, now: float) -> float:
        """How far it is behind; ended if that is too far."""
        self.lag.waits(self._direct.unsent(), now)
        if self.lag.too_slow(now):
            self.end(CloseCode.TOO_SLOW, "more than 10 s behind")
        return self.lag.seconds(now)

    def heard_so_far(self) -> tuple[int, int]:
        """Frames sent and dropped; /metrics gets those dropped since the last time."""
        dropped = self._mailbox.dropped + self._seat.skipped
        metrics.count("dropped", dropped - self._counted, "listener too slow")
        self._counted = dropped
        return self.told, dropped

    async def gone(self, reason: str) -> None:
        self._direct.take_text = None
        if self._ending:
            self._ending.cancel()
        if self._session is None:
            return
        try:
            session = await asyncio.shield(self._session)
        except Exception:
            return  # it never began, and who asked for it was told
        self._runtime.hub.unsubscribe(bus.EVENTS, self._tap_changed)
        self._runtime.tap_rooms.leave(self._tap.pk, self._seat)
        self._runtime.listening.pop(session.pk, None)
        await self._runtime.end_listen(listens.Ending(session, *self.heard_so_far(), reason))

    def _tap_changed(self, value: bytes) -> None:
        if self._tap_id not in value:
            return  # the whole event is some 500 bytes; most are about other taps
        event = json.loads(value)
        if event["type"] == "tap" and event["tap"]["id"].encode() == self._tap_id:
            self._follow(event["tap"])
        elif event["type"] == "stall" and event["tap"].encode() == self._tap_id:
            self._note(event["stalled"])

    def _follow(self, tap: dict[str, Any]) -> None:
        """Tell a changed state; end with the tap."""
        if tap["transitions"] < self._transitions:
            return  # an event that another process sent later than it read
        self._transitions = tap["transitions"]
        if tap["state"] != self._state:
            self._state = tap["state"]
            self._note(stalled=False)
        if self._ending:
            self._ending.cancel()  # the media of a lost tap may have come back
        if self._state in ENDED:
            reason = tap["end_reason"] or tap["state"]
            grace = 0.0 if tap["stop_requested_at"] else GRACE
            loop = asyncio.get_running_loop()
            self._ending = loop.call_later(grace, self.end, CloseCode.DONE, reason)

    def say_alive(self) -> None:
        self._notes.append(ALIVE)
        self._stir()

    def _note(self, stalled: bool) -> None:
        self._notes.append({"type": "state", "state": self._state, "stalled": stalled})
        self._stir()

    async def _silent(self) -> bool:
        newest = await self._runtime.hub.newest(self._tap.pk)
        opened_at = self._tap.media_opened_at
        opened = opened_at.timestamp() if opened_at else time.time()
        heard = frame.unpack_header(newest[1]).received_at / 1e6 if newest else opened
        return time.time() - heard > STALL

    async def _with_older(self, frames: list[bytes]) -> list[bytes]:
        """What was asked for of the ring, then what came since."""
        seconds, self._backfill = self._backfill, 0.0
        try:
            older = await self._runtime.hub.ring(self._tap.pk, seconds)
        except bus.Unavailable:
            await self.complain("the audio bus is away")
            return frames
        if self._seat.degraded:
            await self.complain("too far behind for older audio")
            return frames
        if not older:
            return frames
        # What the ring held, not what was asked for: that could be any number.
        samples = sum(map(frame.sample_count, older))
        last = frame.position_of(older[-1])
        end = last + frame.sample_count(older[-1])
        self.lag.allow(samples / g711.SAMPLE_RATE, end, time.monotonic())
        return [*older, *self._behind_ring([*frames, *self._mailbox.take()], last)]

    def _behind_ring(self, frames: list[bytes], last: int) -> list[bytes]:
        """Those after the ring's last; if there are none yet, the hub may still bring some
        that the ring had: it is behind by 20 ms or so."""
        newer = [one for one in frames if uint32_diff(frame.position_of(one), last) > 0]
        self._ring_end = None if newer else last
        return newer

    async def farewell(self, closed: Closed) -> None:
        self._seat.hold()  # or Frames would come behind the close frame
        if closed.code == CloseCode.DONE and self._state in ENDED:
            await self.send_json({"type": "end", "reason": closed.reason})
