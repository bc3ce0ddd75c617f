"""RtpMedia while it opens: no packet that waits for it is lost."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any
from unittest.mock import Mock

import pytest
from django.utils import timezone

from monitor.ingest import rtp_media
from monitor.ingest.rtp_media import RtpMedia
from monitor.services.media import TapMedia
from monitor.telemetry.metrics import AudioCounts
from tests.support.streams import LIMITS, Recorder

PACKET = 160  # samples


async def test_packets_that_come_while_a_pause_is_looked_up_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def take(*args: Any) -> tuple[TapMedia, int]:
        return TapMedia(uuid.uuid4(), "both", "PCMU", timezone.now(), None, again=False), 0

    async def look_up(streams: Iterable[Any]) -> None:
        media.queue(PACKET)

    monkeypatch.setattr(rtp_media, "take_media", take)
    intake = Mock(limits=LIMITS, writer=Recorder())
    intake.metrics.audio = AudioCounts()
    intake.open_streams.check_pauses = look_up
    media = RtpMedia(intake, uuid.uuid4(), Mock(), Mock())
    media.queue(PACKET)
    await media._open("192.0.2.7:4000")
    assert media.stream
    assert media.stream.counted().frames == 2
