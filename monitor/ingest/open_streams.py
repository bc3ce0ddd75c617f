"""OpenStreams: the taps whose audio arrives in this process, their levels and their counters."""

from __future__ import annotations

import asyncio
import datetime
import json
import logging
import time
import uuid
from collections.abc import Iterable
from typing import Any

from django.db import DatabaseError, transaction

from monitor.audio.voice import Sound
from monitor.bus.ring import in_micros
from monitor.bus.seconds import Heard
from monitor.bus.writer import StreamWriter
from monitor.concurrency import Batches, in_thread
from monitor.ingest.stream import TapStream
from monitor.limits import Limits
from monitor.services import media, pauses

logger = logging.getLogger(__name__)

TICK = 0.2  # seconds between two batches of levels
PACKETS_EVERY = 5  # batches of levels until one carries the figures of RTP's packets: 1 s
AT_ONCE = 10  # streams written together: each row takes 0.3 ms, and no socket is served meanwhile


class OpenStreams:
    """Holds the stream of every open media connection.

    It publishes the streams' levels, writes their counters to their taps' rows, and ends those
    that are silent for too long or whose tap is over.
    """

    def __init__(self, writer: StreamWriter, limits: Limits) -> None:
        self._writer = writer
        self._limits = limits
        self._streams: set[TapStream] = set()
        self._stalled: set[TapStream] = set()
        self._checkpoints: Batches[TapStream] = Batches(limits.checkpoint_every, AT_ONCE)
        self._ticks = 0
        self._second = 0  # the last one whose sound was published, in Unix time
        self._silences: dict[TapStream, media.Silence] = {}  # those that are still to be written
        self._has_silences = asyncio.Event()

    def __len__(self) -> int:
        return len(self._streams)

    def add(self, stream: TapStream) -> None:
        """Add the stream of a media connection that opens."""
        self._streams.add(stream)
        self._checkpoints.add(stream)
        if stream.continues:
            # The tap may have been published as stalled during its last media connection, even
            # by another process. The next tick then publishes that it is not.
            self._stalled.add(stream)

    def remove(self, stream: TapStream) -> None:
        """Remove the stream of a media connection that closes."""
        self._streams.discard(stream)
        self._checkpoints.remove(stream)
        self._stalled.discard(stream)

    def end(self, tap_id: uuid.UUID, *, stopped: bool) -> None:
        """End the media connections of a tap that is over. ``stopped`` says that it was asked
        to stop."""
        for stream in tuple(self._streams):
            if stream.tap_id == tap_id:
                stream.stopped = stopped
                self._end(stream)

    def _end(self, stream: TapStream) -> None:
        self.remove(stream)  # so that it is ended once: a second end would cancel its close
        stream.on_over()

    def follow_pause(self, tap_id: uuid.UUID, since: datetime.datetime | None) -> None:
        """Pause a tap's streams, or let them go on if its call is not paused."""
        for stream in self._streams:
            if stream.tap_id == tap_id:
                stream.pause_changes += 1
                _set_pause(stream, since)

    async def check_pauses(self, streams: Iterable[TapStream]) -> None:
        """Pause those of the streams whose calls are paused as the database has it, and let the
        others go on. What this process is told meanwhile is newer."""
        known = {stream: stream.pause_changes for stream in streams}
        paused = await in_thread(pauses.began_at)([stream.tap_id for stream in known])
        _set_pauses(known, paused)

    async def before_sending(self) -> None:
        """Check the pauses of all streams before audio that has waited for Redis is sent: this
        process may not have been told of a pause. Raises ConnectionError."""
        if not self._streams:
            return
        try:
            await self.check_pauses(self._streams)
        except DatabaseError as error:
            raise ConnectionError("the database does not tell which calls are paused") from error

    async def measure(self) -> None:
        """Publish levels five times a second, until cancelled."""
        while True:
            await asyncio.sleep(TICK)
            if self._streams:
                self.tick()

    async def count(self) -> None:
        """Write the counters of every stream to its row every 10 s, until cancelled."""
        async for streams in self._checkpoints:
            await self.checkpoint(streams)

    async def write_silences(self) -> None:
        """Write which connections fall silent and which are heard again, until cancelled."""
        while True:
            await self._has_silences.wait()
            self._has_silences.clear()
            silences, self._silences = self._silences, {}
            try:
                await in_thread(media.write_silences)(silences.values())
            except Exception:
                logger.exception(
                    "silences were not written; trying again in %.0f s",
                    self._limits.checkpoint_every,
                )
                self._silences = silences | self._silences  # where a stream has two, the newer
                await asyncio.sleep(self._limits.checkpoint_every)
                self._has_silences.set()

    def tick(self) -> None:
        """Publish one batch of levels, with ``null`` for a stalled tap. End the connections
        that have been silent for too long."""
        levels: dict[str, list[float] | None] = {}
        now = time.monotonic()
        for stream in tuple(self._streams):
            if now - stream.last_at > self._limits.silent_for:
                self.remove(stream)  # so that it is ended once: a second end would cancel its close
                stream.on_silent()
                continue
            if stream.stalled != (stream in self._stalled):
                self._publish_stall(stream)
            if stream.stalled:
                # Another connection may have taken over from it.
                levels.setdefault(str(stream.tap_id), None)
            else:
                levels[str(stream.tap_id)] = [round(one, 1) for one in stream.level]
        self._ticks += 1
        if levels:
            more = {} if self._ticks % PACKETS_EVERY else self._packets()
            more |= self._last_second(levels)
            self._writer.add_meters(json.dumps({"type": "meters", "levels": levels} | more))

    def _last_second(self, taps: Iterable[str]) -> dict[str, Any]:
        """Publish what was heard on these taps in the second that has ended, once for each second;
        return what the pages are sent of it.

        All legs are cut at the same instant, so that those of a call can be compared.
        """
        second = time.time_ns() // 1_000_000_000 - 1
        if not self._limits.voice_activity or second == self._second:
            return {}
        self._second = second
        sounds: dict[str, Sound] = {}
        for stream in self._streams:
            tap, sound = str(stream.tap_id), stream.take_sound()
            # Of two connections, one has taken over from the other and has the audio.
            if tap not in sounds or sound.samples > sounds[tap].samples:
                sounds[tap] = sound
        heard = Heard.of(second, {tap: sounds[tap] for tap in taps})
        self._writer.add_second(heard.dumps())
        return {"second": second, "bars": heard.bars}

    def _packets(self) -> dict[str, Any]:
        """Return the figures of the RTP taps without the zeros, which are most of them."""
        packets = {}
        for stream in self._streams:
            if figures := stream.figures():
                packets[str(stream.tap_id)] = {name: n for name, n in figures.items() if n}
        return {"packets": packets} if packets else {}

    def _publish_stall(self, stream: TapStream) -> None:
        """Publish that a tap's audio has stopped arriving, or arrives again."""
        if stream.stalled:
            stream.flush()
        (self._stalled.add if stream.stalled else self._stalled.discard)(stream)
        event = {"type": "stall", "tap": str(stream.tap_id), "stalled": stream.stalled}
        self._writer.add_event(json.dumps(event))
        since = stream.heard_at if stream.stalled else None
        self._silences[stream] = media.Silence(stream.tap_id, stream.socket, since)
        self._has_silences.set()

    async def checkpoint(self, streams: Iterable[TapStream]) -> None:
        """Write what these streams have counted, and end those that no longer hold their tap."""
        counts = [(stream, stream.counted()) for stream in streams]
        known = {stream: stream.pause_changes for stream, _ in counts}
        try:
            over, paused = await in_thread(_write_counts)(
                [(one.tap_id, one.socket, count) for one, count in counts]
            )
        except Exception:
            logger.exception("counters were not written; the next checkpoint will include them")
            for stream, count in counts:
                stream.count.frames += count.frames
                stream.count.bytes += count.bytes
                stream.count.gaps += count.gaps
            return
        _set_pauses(known, paused)
        for stream, _ in counts:
            if stream.socket in over and stream in self._streams:
                self._end(stream)


def _set_pauses(known: dict[TapStream, int], paused: dict[uuid.UUID, datetime.datetime]) -> None:
    """Follow what the database has, unless this process was told something else meanwhile."""
    for stream, changes in known.items():
        if stream.pause_changes == changes:
            _set_pause(stream, paused.get(stream.tap_id))


def _set_pause(stream: TapStream, since: datetime.datetime | None) -> None:
    if since is None:
        stream.resume()
    else:
        stream.pause(in_micros(since))


@transaction.atomic
def _write_counts(
    counts: list[tuple[uuid.UUID, str, media.Count]],
) -> tuple[set[str], dict[uuid.UUID, datetime.datetime]]:
    """Write counts, and that their connections are alive; return the connections that no
    longer hold their tap, and since when which taps are paused."""
    for tap_id, _, count in counts:
        if count.frames or count.gaps:
            media.add_counts(tap_id, count)
    over = media.heartbeat({socket: tap_id for tap_id, socket, _ in counts if socket})
    return over, pauses.began_at([tap_id for tap_id, _, _ in counts])
