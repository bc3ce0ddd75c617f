"""Fixtures of taps without a socket, whose writer is a list."""

from __future__ import annotations

import uuid

import pytest

from monitor.ingest.open_streams import OpenStreams
from monitor.ingest.stream import TapStream
from monitor.telemetry.metrics import AudioCounts
from tests.support.rtp_sender import Talk, lease
from tests.support.streams import LIMITS, Clock, Recorder


@pytest.fixture
def talk(clock: Clock) -> Talk:
    return Talk(clock, lease())


@pytest.fixture
def writer() -> Recorder:
    return Recorder()


@pytest.fixture
def tap(writer: Recorder, clock: Clock) -> TapStream:
    return TapStream(uuid.uuid4(), "both", writer, AudioCounts(), LIMITS)


@pytest.fixture
def streams(writer: Recorder, tap: TapStream) -> OpenStreams:
    streams = OpenStreams(writer, LIMITS)
    streams.add(tap)
    return streams
