"""What one process runs besides its sockets: the bus, the hub, and some housekeeping."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from .. import announce, listens, media, metrics, redis_server
from . import bus, pipeline
from .database import Gathered, Writes, threaded
from .endings import Endings
from .hub import Hub
from .revocations import revocations
from .rights import Rights
from .rooms import ListRoom, TapRooms
from .streams import Streams

logger = logging.getLogger(__name__)

ALIVE_EVERY = 4.0  # seconds; a page that was sent nothing since the last time is told
MAKE_GOOD = 1.0  # seconds between two looks for what Redis did not take
COUNTED = 50  # sessions whose counts are written with one sign of life
#: New containers before the collector looks for circles, of which the sockets leave none.
#: An answer of Redis is three a Frame, and Python's 700 are passed by 250 Frames.
GARBAGE = 20_000
LOOK = 1.0  # seconds between two looks for listeners too far behind
REPORT = 1.0  # seconds between two reports to /metrics
SWEEP = 30.0  # seconds between two looks for taps and listens that nobody ended, and old events


class Listener(Protocol):
    """A socket that hears a tap."""

    def look(self, now: float) -> float:
        """How far it is behind; ended if that is too far."""

    def heard_so_far(self) -> tuple[int, int]:
        """Frames sent and dropped, for its session's row."""


class Runtime:
    """Made in ``asgi.py`` and given to every consumer; ``start`` needs a running loop."""

    writer: pipeline.Writer
    hub: Hub
    list_room: ListRoom
    tap_rooms: TapRooms
    streams: Streams
    rights: Rights

    def __init__(self) -> None:
        self.listening: dict[int, Listener] = {}  # by the id of its ListenSession
        self.writes = Writes()
        self.end_listen = Gathered(listens.end, self.writes)
        self._written = 0  # of the sessions, whose counts were written last
        self._lags: list[float] = []  # of the listeners, seconds
        self._said = metrics.Report()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start what runs beside the sockets; once."""
        if self._tasks:
            return
        self.writer = pipeline.Writer()
        self.hub = Hub()
        self.list_room = ListRoom(self.hub)
        self.tap_rooms = TapRooms(self.hub)
        self.streams = Streams(self.writer)
        self.rights = Rights(self.hub)
        loops = (
            self.writer.run,
            self.hub.run,
            self.streams.measure,
            self.streams.count,
            self.streams.write_silences,
            self._sweep,
            self._mark_sessions,
            self._look,
            self._make_good,
            self._report,
            self.rights.run,
            Endings(self.hub, self.streams).run,
            self._alive,
        )
        self._tasks = [asyncio.create_task(_kept(loop)) for loop in loops]
        self._tasks.append(asyncio.create_task(self._warn_of_redis()))
        settle_garbage()

    async def stop(self) -> None:
        """End the loops and send what is left, the last counts too."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self.writer.drain()
        with contextlib.suppress(*bus.Unavailable):
            if self._said.waits:
                await self._say(self._gauges())
            await self._say(None)
        await self.hub.close()

    async def _warn_of_redis(self) -> None:
        """Log what is dangerous about the Redis server, once, when it is there."""
        while True:
            try:
                dangers = await asyncio.to_thread(redis_server.dangers)
            except bus.Unavailable:
                await asyncio.sleep(bus.AWAY)
            else:
                break
        for danger in dangers:
            logger.warning("%s %s", danger.msg, danger.hint)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP)
            with _logged("sweep"):
                await threaded(media.end_stopped)()
                await threaded(media.close_lost)()
                await threaded(listens.close_abandoned)()
                await threaded(bus.forget_old_events)()

    async def _mark_sessions(self) -> None:
        while True:
            await asyncio.sleep(listens.SEEN_EVERY)
            if self.listening:
                with _logged("sessions"):
                    heard = {pk: self.listening[pk].heard_so_far() for pk in self._turn()}
                    await threaded(listens.seen)(list(self.listening), heard)

    def _turn(self) -> list[int]:
        """The sessions whose turn it is to have their counts written: a row each costs
        0.2 ms, as much as 20 frames."""
        pks = list(self.listening)
        begin = self._written % len(pks)
        self._written = begin + COUNTED
        return (pks[begin:] + pks[:begin])[:COUNTED]

    async def _make_good(self) -> None:
        while True:
            await asyncio.sleep(MAKE_GOOD)
            if bus.has_untold():
                with _logged("events"):
                    await threaded(announce.again)()
            if revocations.waits:
                with _logged("revocations"):
                    await threaded(revocations.tell_again)()

    async def _look(self) -> None:
        # From here, for a listener's own writer may hang in a send; and in a loop
        # of its own, which waits for nobody.
        while True:
            await asyncio.sleep(LOOK)
            now = time.monotonic()
            self._lags = [one.look(now) for one in tuple(self.listening.values())]

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT)
            with contextlib.suppress(*bus.Unavailable):
                await self._say(self._gauges())

    async def _say(self, gauges: dict[str, float] | None) -> None:
        """Report once. Raises bus.Unavailable, and the same will be said again."""
        await self.hub.report(self._said.next(gauges))
        self._said.taken()

    def _gauges(self) -> dict[str, float]:
        return {
            "taps": len(self.streams),
            "listeners": len(self.listening),
            "lag_seconds_max": max(self._lags, default=0.0),
            "subscriptions": self.hub.subscriptions,
            "tasks": len(asyncio.all_tasks()),
        }

    async def _alive(self) -> None:
        while True:
            await asyncio.sleep(ALIVE_EVERY)
            self.rights.sign_of_life()


def settle_garbage() -> None:
    """Have the collector look past the 120 000 objects of code and settings that stay, and
    not at all for what one answer of Redis is made of: a full collection takes 50 to 80 ms
    with 500 taps, no socket is served meanwhile, and it came every 4 s."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE, 10, 10)


@contextlib.contextmanager
def _logged(what: str) -> Any:
    """A round that fails is logged; the next one comes."""
    try:
        yield
    except Exception:
        logger.exception("%s failed", what)


async def _kept(loop: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a loop that must not end; if it does, say so loudly and begin again."""
    while True:
        try:
            await loop()
        except Exception:
            logger.critical("%s ended", loop.__qualname__, exc_info=True)
            await asyncio.sleep(1)
