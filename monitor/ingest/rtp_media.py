"""RtpMedia: the media connection of one RTP tap, from its first packet to its close."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Coroutine
from typing import Any

from monitor.concurrency import in_thread
from monitor.ingest.intake import Intake
from monitor.ingest.rtp_record import RtpRecord
from monitor.ingest.stream import PacketStream
from monitor.ingest.takeover import take_media
from monitor.services import media
from monitor.wire.close import OVER, CloseCode, Closed, silent

logger = logging.getLogger(__name__)

WAITING = 24_000  # samples, 3 s, that may wait for the media to be opened; further ones are lost

FAILED = Closed(CloseCode.INTERNAL, "an error on our side")


class RtpMedia:
    """Opens and closes a tap's media, one job at a time.

    ``stream`` takes the tap's audio while the media is open, and is None otherwise.
    ``on_closed`` is called when the media closes, because the next packet belongs to a new
    media connection, whoever sends it.
    """

    def __init__(
        self,
        intake: Intake,
        tap_id: uuid.UUID,
        record: RtpRecord,
        on_closed: Callable[[], None],
    ) -> None:
        self.stream: PacketStream | None = None
        self._intake = intake
        self._limits = intake.limits
        self._tap_id = tap_id
        self._record = record
        self._on_closed = on_closed
        self._id = uuid.uuid4().hex  # the media connection, as the tap's row names it
        self._job: asyncio.Task[None] | None = None  # opens the media, closes it, or writes figures
        self._waiting: list[int] = []  # samples of each packet that waits for the media
        self._retry_at = 0.0  # until then the media is not opened
        self._failures = 0  # errors of ours

    def may_open(self, now: float) -> bool:
        """Tell whether enough time has passed since the media was refused or given up."""
        return now >= self._retry_at

    def open(self, origin: str) -> None:
        """Open the media, unless a job is under way. ``origin`` goes into the tap's timeline."""
        if self._job is None:
            self._start(self._open(origin))

    def close(self, closed: Closed) -> None:
        """Close the media if it is open, unless a job is under way."""
        if self.stream is not None and self._job is None:
            self._start(self._close(self.stream, closed))

    def close_for_a_while(self, closed: Closed, now: float) -> None:
        """Close the media, and do not open it again for ``Limits.refused_for`` seconds."""
        self._retry_at = now + self._limits.refused_for
        self.close(closed)

    def fail(self) -> None:
        """Close the media after an error of ours. The pause doubles with every error, because
        the same error may come with every packet."""
        self._retry_at = time.monotonic() + self._limits.refused_for * 2**self._failures
        self._failures += 1
        self.close(FAILED)

    async def leave(self, closed: Closed) -> None:
        """Wait for the job that is under way, close the media, and wait for that too."""
        await self._job_done()
        self.close(closed)
        await self._job_done()

    def write_unheard(self, now: float) -> None:
        """Write the tap's figures although no media is open, if they are due: packets come,
        and none of them can be played."""
        if self.stream is None and self._job is None and self._record.is_due(now):
            self._start(self._record.write_figures())

    # Packets that arrive before the media is open.

    def has_room(self) -> bool:
        """Tell whether another packet may wait for the media."""
        return sum(self._waiting) < WAITING

    def queue(self, samples: int) -> None:
        """Remember a packet, to be counted once the media is open."""
        self._waiting.append(samples)

    def forget_queued(self) -> None:
        """Forget the packets that wait, because their sender is no longer the tap's."""
        self._waiting.clear()

    # The job.

    def _start(self, job: Coroutine[Any, Any, None]) -> None:
        self._job = self._intake.writes.begin(job)
        self._job.add_done_callback(self._on_job_done)

    def _on_job_done(self, job: asyncio.Task[None]) -> None:
        self._job = None
        if not self._record.is_well(job):
            self._refuse()

    async def _job_done(self) -> None:
        if self._job:
            await asyncio.wait([self._job])

    def _refuse(self) -> None:
        self._retry_at = time.monotonic() + self._limits.refused_for

    async def _open(self, origin: str) -> None:
        try:
            opened, position = await take_media(
                self._intake.ring, self._tap_id, self._id, _replace_holder, origin
            )
        except media.Refused as refusal:
            logger.info("tap %s: media refused: %s", self._tap_id, refusal)
            self._refuse()
            return
        self._record.opened(opened)
        stream = self._new_stream(opened, position)
        streams = self._intake.open_streams
        streams.add(stream)
        try:
            # Only now, because no message tells of what happened before the stream was added.
            await streams.check_pauses([stream])
        except BaseException:
            streams.remove(stream)
            raise
        for samples in self._waiting:
            stream.packet(samples)
        self._waiting.clear()
        self.stream = stream

    def _new_stream(self, opened: media.TapMedia, position: int) -> PacketStream:
        counts = self._intake.metrics.audio
        stream = PacketStream(
            self._tap_id, opened.direction, self._intake.writer, counts, self._limits, position
        )
        stream.socket = self._id
        stream.on_silent = lambda: self.close(silent(self._limits.silent_for))
        stream.on_over = lambda: self.close(OVER)
        stream.figures = self._record.figures
        return stream

    async def _close(self, stream: PacketStream, closed: Closed) -> None:
        self.stream = None
        self._intake.open_streams.remove(stream)
        stream.close()
        self._intake.metrics.media_closed.add(1, str(int(closed.code)))
        count = stream.counted()
        count.rtp = self._record.figures()  # they may have grown since the last audio
        self._on_closed()
        self._record.closed()
        await in_thread(media.disconnect)(self._tap_id, self._id, count, closed.reason)


async def _replace_holder(busy: media.Busy) -> bool:
    """Replace whoever holds the media: the process that has bound the port is the one that
    receives, and a process that was killed has left its name behind."""
    return True
