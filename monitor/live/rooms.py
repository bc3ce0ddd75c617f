"""Rooms: who hears a tap in this process.

Between two Frames the processor forgets what a listener is made of, fifteen objects
in as many places, and to touch them all costs three times what it would at once. So
what is the same for all of a tap's listeners is kept once, here, and a Frame costs a
listener that takes whatever comes no more than the write to its socket.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

from django.conf import settings

from .. import metrics, rfc6455
from ..audio import frame
from ..direct import Put, outbox
from . import bus
from .hub import Hub, Sink
from .lag import TOO_SLOW, WRAP, Lag, Line


class Seat:
    """A listener's place: Frames come to ``sink``, or flow to the socket; or are skipped while
    it is too far behind."""

    lag: Lag  # of what it hears; there once it has entered a room

    def __init__(self, sink: Sink) -> None:
        self.skipped = 0
        self._sink = sink
        self._degraded = False
        self._room: Room | None = None
        self._frames = 0  # that have flowed,
        self._since: int | None = None  # and since the room's Frame of this number more of them

    @property
    def degraded(self) -> bool:
        """Is it too far behind to be sent more?"""
        return self._degraded

    @property
    def frames(self) -> int:
        """How many have flowed."""
        if self._room is None or self._since is None:
            return self._frames
        return self._frames + self._room.frames - self._since

    def enter(self, room: Room) -> None:
        """Take a room's Frames from now on."""
        self._room, self.lag = room, Lag(room.line)
        room.add(self)

    def leave(self) -> Room | None:
        """Take no more; returns the room, if it had entered one."""
        self.hold()
        room, self._room = self._room, None
        if room:
            room.remove(self)
        return room

    def flow(self, begin: Callable[[Callable[[], None]], Put | None]) -> None:
        """Have Frames flow from now on, if a socket's ``Direct.flow`` allows it."""
        if not self._room or self._degraded or self._since is not None:
            return
        if put := begin(self.hold):
            self._since = self._room.frames
            self._room.flow(self, put)

    def hold(self) -> None:
        """Have Frames come to the sink from now on."""
        if self._room and self._since is not None:
            self._frames, self._since = self.frames, None
            self._room.hold(self)

    def put(self, data: bytes) -> None:
        """Take a Frame that does not flow."""
        if self._degraded:
            self.skipped += 1
        else:
            self._sink(data)

    def judge(self, now: float) -> None:
        """Begin to skip Frames, or end that. Before a mark: a Frame that is marked was sent."""
        self._degraded = self.lag.degraded(now)
        if self._degraded:
            self.hold()


class Room:
    """The listeners of one tap."""

    def __init__(self) -> None:
        self.line = Line(settings.RING_SECONDS + 2 * TOO_SLOW)
        self.frames = 0  # so many came
        self._held: set[Seat] = set()
        self._flowing: dict[Seat, Put] = {}
        self._puts: tuple[Put, ...] | None = None  # of those who flow, until they change

    @property
    def empty(self) -> bool:
        return not self._held and not self._flowing

    def hear(self, data: bytes) -> None:
        """Hand a Frame to everybody."""
        now = time.monotonic()
        if self.line.is_due(now):
            for seat in (*self._held, *self._flowing):
                seat.judge(now)
        self.line.sent(frame.position_of(data), frame.sample_count(data), now)
        self.frames += 1
        held = tuple(self._held)  # before a write that may end a flow
        if self._puts is None:
            self._puts = tuple(self._flowing.values())
        if self._puts:
            metrics.hot.frames_out += len(self._puts)
            outbox.write(self._puts, rfc6455.binary(data))
        for seat in held:
            seat.put(data)

    def add(self, seat: Seat) -> None:
        self._held.add(seat)

    def flow(self, seat: Seat, put: Put) -> None:
        self._held.discard(seat)
        self._flowing[seat] = put
        self._puts = None

    def hold(self, seat: Seat) -> None:
        del self._flowing[seat]
        self._held.add(seat)
        self._puts = None

    def remove(self, seat: Seat) -> None:
        self._held.discard(seat)


class Rooms:
    """Those that somebody is in."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._rooms: dict[uuid.UUID, Room] = {}

    async def enter(self, tap_id: uuid.UUID, seat: Seat) -> int:
        """Hear a tap; returns the position after which that begins.

        Raises bus.Unavailable while Redis is away.
        """
        room = self._rooms.get(tap_id)
        # A key that was no stream for a while is not read until somebody asks for it anew.
        if room is None or not self._hub.reads(bus.audio_key(tap_id)):
            room = await self._opened(tap_id)
        seat.enter(room)
        return room.line.newest % WRAP

    def leave(self, tap_id: uuid.UUID, seat: Seat) -> None:
        """Hear it no more."""
        room = seat.leave()
        if room and room.empty:
            self._hub.unsubscribe(bus.audio_key(tap_id), room.hear)
            del self._rooms[tap_id]

    async def _opened(self, tap_id: uuid.UUID) -> Room:
        """A room that hears the tap. Of several who open one at once all get the first."""
        key = bus.audio_key(tap_id)
        room = Room()
        begins_after = await self._hub.subscribe(key, room.hear)
        first = self._rooms.setdefault(tap_id, room)
        if room.line.newest < 0:  # or they have both heard more already
            first.line.move(begins_after % WRAP)
        if first is not room:
            self._hub.unsubscribe(key, room.hear)
        return first
