"""What one process runs besides its sockets: the bus, the hub, and some housekeeping."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from .. import listens, metrics, taps
from . import bus, pipeline
from .close import CloseCode
from .database import Gathered, Writes, threaded
from .hub import Hub
from .lag import Lag
from .rights import Rights
from .stream import Streams

logger = logging.getLogger(__name__)

ALIVE_EVERY = 5.0  # seconds between two signs of life to every page
REPORT = 1.0  # seconds between two reports to /metrics
SWEEP = 30.0  # seconds between two looks for taps and listens that nobody ended


class Listener(Protocol):
    """A socket that hears a tap."""

    lag: Lag

    def end(self, code: CloseCode, reason: str) -> None: ...


class Runtime:
    """Made in ``asgi.py`` and given to every consumer; ``start`` needs a running loop."""

    writer: pipeline.Writer
    hub: Hub
    streams: Streams
    rights: Rights

    def __init__(self) -> None:
        self.listening: dict[int, Listener] = {}  # by the id of its ListenSession
        self.writes = Writes()
        self.end_listen = Gathered(listens.end, self.writes)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start what runs beside the sockets; once."""
        if self._tasks:
            return
        self.writer = pipeline.Writer()
        self.hub = Hub()
        self.streams = Streams(self.writer)
        self.rights = Rights(self.hub)
        loops = (
            self.writer.run,
            self.hub.run,
            self.streams.run,
            self._sweep,
            self._mark_sessions,
            self._report,
            self.rights.run,
            self._alive,
        )
        self._tasks = [asyncio.create_task(_kept(loop)) for loop in loops]
        _settle_garbage()

    async def stop(self) -> None:
        """End the loops and send what is left."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self.writer.drain()
        await self.hub.close()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP)
            with _logged("sweep"):
                await threaded(taps.close_lost)()
                await threaded(listens.close_abandoned)()

    async def _mark_sessions(self) -> None:
        while True:
            await asyncio.sleep(listens.SEEN_EVERY)
            if self.listening:
                with _logged("sessions"):
                    await threaded(listens.seen)(list(self.listening))

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT)
            lags = self._end_too_slow(time.monotonic())
            laid = metrics.gauges(
                taps=len(self.streams),
                listeners=len(lags),
                lag_seconds_max=max(lags, default=0),
            )
            counted = metrics.take()
            try:
                await self.hub.report(counted, laid)
            except bus.Unavailable:
                metrics.give_back(counted)

    async def _alive(self) -> None:
        while True:
            await asyncio.sleep(ALIVE_EVERY)
            self.rights.sign_of_life()

    def _end_too_slow(self, now: float) -> list[float]:
        """End the listeners too far behind; returns how far each is. From here, for
        a listener's own writer may hang in a send."""
        listening = tuple(self.listening.values())
        for listener in listening:
            if listener.lag.too_slow(now):
                listener.end(CloseCode.TOO_SLOW, "more than 10 s behind")
        return [listener.lag.seconds(now) for listener in listening]


def _settle_garbage() -> None:
    """Have the collector look past the 120 000 objects of code and settings that stay:
    a full collection walks them all, and no socket is served meanwhile."""
    gc.collect()
    gc.freeze()


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
