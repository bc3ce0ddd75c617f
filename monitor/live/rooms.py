"""Rooms: who hears a tap in this process, or watches the live list.

Between two messages the processor forgets what a page's socket is made of, fifteen
objects in as many places, and to touch them all costs three times what it would at
once. So what is the same for everybody is kept once, here, and a message costs a
page that takes whatever comes no more than the write to its socket.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.conf import settings

from .. import metrics, rfc6455
from ..audio import frame
from ..direct import Put, outbox
from . import bus
from .hub import QUEUED, Hub, Sink
from .lag import TOO_SLOW, WRAP, Lag, Line


class Seat:
    """A page's place: messages come to ``sink``, or flow to the socket."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._room: Room[Any] | None = None
        self._flowed = 0
        self._since: int | None = None  # since the room's message of this number more have

    @property
    def flowed(self) -> int:
        """How many messages have flowed."""
        if self._room is None or self._since is None:
            return self._flowed
        return self._flowed + self._room.given - self._since

    def join(self, room: Room[Any]) -> None:
        """Take a room's messages from now on."""
        self._room = room
        room.add(self)

    def part(self) -> None:
        """Take no more."""
        self.hold()
        if self._room:
            self._room.remove(self)
        self._room = None

    def flow(self, begin: Callable[[Callable[[], None]], Put | None]) -> None:
        """Have messages flow from now on, if a socket's ``Direct.flow`` allows it."""
        if not self._room or self._since is not None:
            return
        if put := begin(self.hold):
            self._since = self._room.given
            self._room.flow(self, put)

    def hold(self) -> None:
        """Have messages come to the sink from now on."""
        if self._room and self._since is not None:
            self._flowed, self._since = self.flowed, None
            self._room.hold(self)

    def put(self, data: bytes) -> None:
        """Take a message that does not flow."""
        self._sink(data)


class ListenerSeat(Seat):
    """A listener's: while it is too far behind, Frames are skipped."""

    lag: Lag  # of what it hears; there once it has joined a room

    def __init__(self, sink: Sink) -> None:
        super().__init__(sink)
        self.skipped = 0
        self._degraded = False

    @property
    def degraded(self) -> bool:
        """Is it too far behind to be sent more?"""
        return self._degraded

    def flow(self, begin: Callable[[Callable[[], None]], Put | None]) -> None:
        if not self._degraded:
            super().flow(begin)

    def put(self, data: bytes) -> None:
        if self._degraded:
            self.skipped += 1
        else:
            super().put(data)

    def judge(self, now: float) -> None:
        """Begin to skip Frames, or end that. Before a mark: a Frame that is marked was sent."""
        self._degraded = self.lag.degraded(now)
        if self._degraded:
            self.hold()


S = TypeVar("S", bound=Seat)


class Room(Generic[S]):
    """Those who are sent the same."""

    def __init__(self) -> None:
        self.given = 0  # messages
        self._held: set[S] = set()
        self._flowing: dict[S, Put] = {}
        self._puts: tuple[Put, ...] | None = None  # of those who flow, until they change

    @property
    def empty(self) -> bool:
        return not self._held and not self._flowing

    def give(self, data: bytes, framed: Callable[[bytes], bytes]) -> int:
        """Hand a message to everybody; ``framed`` makes it a frame of WebSocket.

        Returns to how many it flowed.
        """
        self.given += 1
        held = tuple(self._held)  # before a write that may end a flow
        if self._puts is None:
            self._puts = tuple(self._flowing.values())
        flows = len(self._puts)
        if flows:
            outbox.write(self._puts, framed(data))
        for seat in held:
            seat.put(data)
        return flows

    def add(self, seat: S) -> None:
        self._held.add(seat)

    def flow(self, seat: S, put: Put) -> None:
        self._held.discard(seat)
        self._flowing[seat] = put
        self._puts = None

    def hold(self, seat: S) -> None:
        del self._flowing[seat]
        self._held.add(seat)
        self._puts = None

    def remove(self, seat: S) -> None:
        self._held.discard(seat)


class ListRoom(Room[Seat]):
    """The consoles: events and levels, as they are."""

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self._hub = hub
        self._opening = asyncio.Lock()  # a subscription that fails must not be another's too

    async def enter(self, seat: Seat) -> None:
        """Watch the list. Raises bus.Unavailable while Redis is away; to leave is due then too."""
        seat.join(self)  # first, or another who leaves now would end what is subscribed here
        async with asyncio.timeout(QUEUED):
            await self._opening.acquire()
        try:
            for key in (bus.EVENTS, bus.METERS):
                # Each time: a key that was no stream for a while is read again only then.
                await self._hub.subscribe(key, self.hear)
        finally:
            self._opening.release()

    def leave(self, seat: Seat) -> None:
        """Watch it no more."""
        seat.part()
        if self.empty:
            for key in (bus.EVENTS, bus.METERS):
                self._hub.unsubscribe(key, self.hear)

    def hear(self, message: bytes) -> None:
        """Hand an event or levels to everybody."""
        self.give(message, rfc6455.text)


class TapRoom(Room[ListenerSeat]):
    """The listeners of one tap."""

    def __init__(self) -> None:
        super().__init__()
        self.line = Line(settings.RING_SECONDS + 2 * TOO_SLOW)

    def add(self, seat: ListenerSeat) -> None:
        seat.lag = Lag(self.line)
        super().add(seat)

    def hear(self, data: bytes) -> None:
        """Hand a Frame to everybody."""
        now = time.monotonic()
        if self.line.is_due(now):
            for seat in (*self._held, *self._flowing):
                seat.judge(now)
        self.line.sent(frame.position_of(data), frame.sample_count(data), now)
        metrics.hot.frames_out += self.give(data, rfc6455.binary)


class TapRooms:
    """Those that somebody is in."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._rooms: dict[uuid.UUID, TapRoom] = {}

    async def enter(self, tap_id: uuid.UUID, seat: ListenerSeat) -> int:
        """Hear a tap; returns the position after which that begins.

        Raises bus.Unavailable while Redis is away.
        """
        room = self._rooms.get(tap_id)
        # A key that was no stream for a while is not read until somebody asks for it anew.
        if room is None or not self._hub.reads(bus.audio_key(tap_id)):
            room = await self._opened(tap_id)
        seat.join(room)
        return room.line.newest % WRAP

    def leave(self, tap_id: uuid.UUID, seat: ListenerSeat) -> None:
        """Hear it no more."""
        seat.part()
        room = self._rooms.get(tap_id)
        if room and room.empty:
            self._hub.unsubscribe(bus.audio_key(tap_id), room.hear)
            del self._rooms[tap_id]

    async def _opened(self, tap_id: uuid.UUID) -> TapRoom:
        """A room that hears the tap. Of several who open one at once all get the first."""
        key = bus.audio_key(tap_id)
        room = TapRoom()
        begins_after = await self._hub.subscribe(key, room.hear)
        first = self._rooms.setdefault(tap_id, room)
        if room.line.newest < 0:  # or they have both heard more already
            first.line.move(begins_after % WRAP)
        if first is not room:
            self._hub.unsubscribe(key, room.hear)
        return first
