"""RtpRecord: writes an RTP tap's codec, figures and notes to its row and timeline."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import Callable, Coroutine
from typing import Any, cast

from monitor.audio.g711 import Codec
from monitor.audio.rtp.figure_totals import FigureTotals
from monitor.concurrency import in_thread
from monitor.ingest.intake import Intake
from monitor.services import media

logger = logging.getLogger(__name__)

WRITE_EVERY = 10.0  # seconds after which figures are written again while no media is open


class RtpRecord:
    """Records one tap. ``figures`` returns its figures: those of its present sender, added to
    ``totals``."""

    def __init__(
        self,
        intake: Intake,
        tap_id: uuid.UUID,
        totals: FigureTotals,
        figures: Callable[[], dict[str, float]],
    ) -> None:
        self._intake = intake
        self._tap_id = tap_id
        self._totals = totals
        self.figures = figures
        self._written: dict[str, float] | None = None  # the figures in the row
        self._write_after = 0.0
        self._codecs: set[Codec] = set()  # those that the row or the timeline names already

    def opened(self, opened: media.TapMedia) -> None:
        """Go on from what the tap's row says when its media opens."""
        self._totals.go_on_from(opened.packet_totals)
        self._codecs = {cast("Codec", opened.codec)}

    def closed(self) -> None:
        """Remember that the row has the figures as they are now."""
        self._written = self.figures()

    def codec_came(self, codec: Codec) -> None:
        """Write the codec of audio that came, unless it is written already."""
        if codec not in self._codecs:
            self._codecs.add(codec)
            media_type = f"audio/{codec}"  # RFC 4856
            self._begin(in_thread(media.record_codec)(self._tap_id, codec, media_type))

    def note(self, reason: str) -> None:
        """Write a note to the timeline."""
        self._begin(in_thread(media.note)(self._tap_id, reason))

    def is_due(self, now: float) -> bool:
        """Tell whether the figures must be written although no media is open: packets came,
        and none of them could be played."""
        figures = self.figures()
        if now < self._write_after or figures == self._written or not any(figures.values()):
            return False
        self._write_after = now + WRITE_EVERY
        return True

    async def write_figures(self) -> None:
        """Write the figures to the row, and publish them for the pages."""
        if not self._totals.continued:
            self._totals.go_on_from(await in_thread(media.packet_totals)(self._tap_id))
        self._written = figures = self.figures()
        await in_thread(media.add_counts)(self._tap_id, media.Count(rtp=figures))
        told = {name: number for name, number in figures.items() if number}
        packets = {str(self._tap_id): told}
        meters = {"type": "meters", "levels": {}, "packets": packets}
        self._intake.writer.add_meters(json.dumps(meters))

    def is_well(self, job: asyncio.Task[None]) -> bool:
        """Tell whether a job ended without an error; log the error if there was one."""
        if job.cancelled() or (error := job.exception()) is None:
            return True
        logger.error("tap %s: %s", self._tap_id, error, exc_info=error)
        return False

    def _begin(self, write: Coroutine[Any, Any, None]) -> None:
        self._intake.writes.begin(write).add_done_callback(self.is_well)
