"""The taps whose audio comes into this process: their levels, their counters, their end."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Iterable

from django.conf import settings
from django.db import transaction

from .. import media
from . import pipeline
from .database import threaded
from .stream import TapStream
from .turns import Turns

logger = logging.getLogger(__name__)

TICK = 0.2  # seconds between two batches of levels
PACKETS_EVERY = 5  # batches of levels: the figures of RTP's packets go with one a second
CHECKPOINT = 10.0  # seconds between two writings of a stream's counters
AT_ONCE = 10  # streams; a row takes 0.3 ms, and the sockets wait for the interpreter meanwhile


class Streams:
    """They are added with their media connection, and removed with it."""

    def __init__(self, writer: pipeline.Writer) -> None:
        self._writer = writer
        self._streams: set[TapStream] = set()
        self._stalled: set[TapStream] = set()
        self._turns: Turns[TapStream] = Turns(CHECKPOINT, AT_ONCE)  # at having counters written
        self._ticks = 0
        self._silences: dict[TapStream, media.Silence] = {}  # to be written
        self._silence = asyncio.Event()

    def __len__(self) -> int:
        return len(self._streams)

    def add(self, stream: TapStream) -> None:
        self._streams.add(stream)
        self._turns.add(stream)
        if stream.continues:
            # Its predecessor may have been told stalled, by another process even: take it back.
            self._stalled.add(stream)

    def remove(self, stream: TapStream) -> None:
        self._streams.discard(stream)
        self._turns.remove(stream)
        self._stalled.discard(stream)

    def end(self, tap_id: uuid.UUID, *, stopped: bool) -> None:
        """End the connections that bring a tap's audio: the tap is over. ``stopped``: because
        it was asked to stop."""
        for stream in tuple(self._streams):
            if stream.tap_id == tap_id:
                stream.stopped = stopped
                self._end(stream)

    def _end(self, stream: TapStream) -> None:
        self.remove(stream)  # once: its last words must not be cancelled as well
        stream.on_over()

    async def measure(self) -> None:
        """Publish levels five times a second, for ever."""
        while True:
            await asyncio.sleep(TICK)
            if self._streams:
                self.tick()

    async def count(self) -> None:
        """Write the counters down, those of each stream every 10 s, for ever."""
        async for streams in self._turns:
            await self.checkpoint(streams)

    async def write_silences(self) -> None:
        """Write which connections fall silent and which are heard again, until cancelled."""
        while True:
            await self._silence.wait()
            self._silence.clear()
            silences, self._silences = self._silences, {}
            try:
                await threaded(media.write_silences)(silences.values())
            except Exception:
                logger.exception("silences not written; again in %.0f s", CHECKPOINT)
                self._silences = silences | self._silences  # the newer word of each
                await asyncio.sleep(CHECKPOINT)
                self._silence.set()

    def tick(self) -> None:
        """Publish one batch of levels, ``null`` for a stalled tap. Ends the connections that
        have been silent for too long."""
        levels: dict[str, list[float] | None] = {}
        now = time.monotonic()
        for stream in tuple(self._streams):
            if now - stream.last_at > settings.SILENT_FOR:
                self.remove(stream)  # once: its last words must not be cancelled as well
                stream.on_silent()
                continue
            if stream.stalled != (stream in self._stalled):
                self._tell(stream)
            if stream.stalled:
                # Another connection may have taken over from it.
                levels.setdefault(str(stream.tap_id), None)
            else:
                levels[str(stream.tap_id)] = [round(one, 1) for one in stream.level]
        self._ticks += 1
        if levels:
            more = {} if self._ticks % PACKETS_EVERY else self._packets()
            self._writer.meters(json.dumps({"type": "meters", "levels": levels} | more))

    def _packets(self) -> dict[str, dict[str, dict[str, float]]]:
        """What RTP taps count, without the zeros, which are most."""
        packets = {}
        for stream in self._streams:
            if figures := stream.figures():
                packets[str(stream.tap_id)] = {name: n for name, n in figures.items() if n}
        return {"packets": packets} if packets else {}

    def _tell(self, stream: TapStream) -> None:
        """Tell listeners that a tap's audio has stopped coming, or comes again."""
        if stream.stalled:
            stream.flush()
        (self._stalled.add if stream.stalled else self._stalled.discard)(stream)
        event = {"type": "stall", "tap": str(stream.tap_id), "stalled": stream.stalled}
        self._writer.event(json.dumps(event))
        since = stream.heard_at if stream.stalled else None
        self._silences[stream] = media.Silence(stream.tap_id, stream.socket, since)
        self._silence.set()

    async def checkpoint(self, streams: Iterable[TapStream]) -> None:
        """Write down what these have counted; ends those whose tap is no longer theirs."""
        counts = [(stream, stream.counted()) for stream in streams]
        try:
            over = await threaded(_write_counts)(
                [(one.tap_id, one.socket, count) for one, count in counts]
            )
        except Exception:
            logger.exception("counters not written; they will be with the next")
            for stream, count in counts:
                stream.count.frames += count.frames
                stream.count.bytes += count.bytes
                stream.count.gaps += count.gaps
            return
        for stream, _ in counts:
            if stream.socket in over and stream in self._streams:
                self._end(stream)


@transaction.atomic
def _write_counts(counts: list[tuple[uuid.UUID, str, media.Count]]) -> set[str]:
    """Write them down, and that their connections live; returns the connections that do
    not hold their tap any more."""
    for tap_id, _, count in counts:
        if count.frames or count.gaps:
            media.counted(tap_id, count)
    return media.seen({socket: tap_id for tap_id, socket, _ in counts if socket})
