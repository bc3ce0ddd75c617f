"""What is written of an RTP tap besides its media's beginning and end: codec, figures, notes."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import Callable, Coroutine
from typing import Any, cast

from .. import media
from ..audio.g711 import Codec
from ..audio.tally import Tally
from ..models import Tap
from .database import threaded
from .runtime import Runtime

logger = logging.getLogger(__name__)

WRITE_EVERY = 10.0  # seconds between two writings of figures while no media is open


class RtpRecord:
    """Keeps one tap's row and timeline. ``figures`` returns what the tap counts, by
    its ``tally`` and the present sender's figures."""

    def __init__(
        self,
        runtime: Runtime,
        tap_id: uuid.UUID,
        tally: Tally,
        figures: Callable[[], dict[str, float]],
    ) -> None:
        self._runtime = runtime
        self._tap_id = tap_id
        self._tally = tally
        self._figures = figures
        self._written: dict[str, float] | None = None  # the figures in the row
        self._write_after = 0.0
        self._codecs: set[Codec] = set()  # those that the row or its timeline names

    def opened(self, tap: Tap) -> None:
        """Take what the row says as the tap's media opens."""
        self._tally.go_on_from(tap.rtp)
        self._codecs = {cast("Codec", tap.codec)}

    def closed(self) -> None:
        """The figures as they are now are in the row."""
        self._written = self._figures()

    def codec_came(self, codec: Codec) -> None:
        """Have the codec of audio that came written down, if nobody knows of it yet."""
        if codec not in self._codecs:
            self._codecs.add(codec)
            media_type = f"audio/{codec}"  # RFC 4856
            self._begin(threaded(media.announced)(self._tap_id, codec, media_type))

    def note(self, reason: str) -> None:
        """Have something written into the timeline."""
        self._begin(threaded(media.noted)(self._tap_id, reason))

    def is_due(self, now: float) -> bool:
        """Whether the figures are to be written though no media is open: packets came,
        and nothing among them could be played."""
        figures = self._figures()
        if now < self._write_after or figures == self._written or not any(figures.values()):
            return False
        self._write_after = now + WRITE_EVERY
        return True

    async def write_figures(self) -> None:
        """Write the figures down, and tell pages of them."""
        if not self._tally.continued:
            self._tally.go_on_from(await threaded(media.figures)(self._tap_id))
        self._written = figures = self._figures()
        await threaded(media.counted)(self._tap_id, media.Count(rtp=figures))
        told = {name: number for name, number in figures.items() if number}
        packets = {str(self._tap_id): told}
        self._runtime.writer.meters(
            json.dumps({"type": "meters", "levels": {}, "packets": packets})
        )

    def is_well(self, job: asyncio.Task[None]) -> bool:
        """Whether a job ended without an error; one that it ended with is logged."""
        if job.cancelled() or (error := job.exception()) is None:
            return True
        logger.error("tap %s: %s", self._tap_id, error, exc_info=error)
        return False

    def _begin(self, write: Coroutine[Any, Any, None]) -> None:
        self._runtime.writes.begin(write).add_done_callback(self.is_well)
