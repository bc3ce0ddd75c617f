"""Each second, the ingest publishes what was heard on its taps, cut at the same instant."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator

import pytest

from monitor.audio import g711
from monitor.audio.strip import NOTHING, SPOKEN
from monitor.audio.voice import Sound
from monitor.ingest.open_streams import TICK, OpenStreams
from monitor.ingest.stream import TapStream
from monitor.limits import Limits
from monitor.sim import voice
from monitor.telemetry.metrics import AudioCounts
from tests.support.streams import CHUNK, LIMITS, PACKET, Clock, Recorder

SILENCE = g711.SILENCE["PCMU"]


class Process:
    """An ingest process whose time a test lets pass."""

    def __init__(self, clock: Clock, limits: Limits = LIMITS) -> None:
        self.clock = clock
        self.writer = Recorder()
        self.limits = limits
        self.streams = OpenStreams(self.writer, limits)

    def open(self, tap_id: uuid.UUID | None = None, position: int = 0) -> TapStream:
        counts = AudioCounts()
        tap_id = tap_id or uuid.uuid4()
        tap = TapStream(tap_id, "both", self.writer, counts, self.limits, position)
        self.streams.add(tap)
        return tap

    def run(self, seconds: float, *talking: tuple[TapStream, Iterator[bytes] | None]) -> None:
        """Let time pass, in which some taps send audio: what is given, or silence."""
        for number in range(1, round(seconds * 50) + 1):
            self.clock.now += 0.02
            for tap, audio in talking:
                tap.feed(next(audio) if audio else SILENCE)
            if number % round(TICK * 50) == 0:
                self.streams.tick()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in ("stream", "open_streams"):
        monkeypatch.setattr(f"monitor.ingest.{module}.time", clock)
    return clock


@pytest.fixture
def process(clock: Clock) -> Process:
    return Process(clock)


def speech() -> Iterator[bytes]:
    return voice.frames("both", "PCMU", 1)


def bars(process: Process) -> list[tuple[int, list[int]]]:
    return [(second, list(base64.b64decode(text))) for second, text in process.writer.bars]


def sounds_of(process: Process, tap: TapStream) -> list[Sound]:
    return [heard.sounds_by_tap()[str(tap.tap_id)] for heard in process.writer.seconds]


def test_one_batch_of_levels_a_second_has_the_second_that_ended(process: Process) -> None:
    tap = process.open()
    process.run(3, (tap, None))
    assert [second for second, _ in process.writer.bars] == [999, 1000, 1001, 1002]
    assert len(process.writer.levels) == 15


def test_a_bar_is_told_for_each_tap_of_the_batch_in_its_order(process: Process) -> None:
    silent, speaking, stalled = process.open(), process.open(), process.open()
    process.run(5, (silent, None), (speaking, speech()))
    order = list(process.writer.levels[-1])
    told = dict(zip(order, bars(process)[-1][1], strict=True))
    assert told[str(stalled.tap_id)] == NOTHING
    assert told[str(silent.tap_id)] == 1
    assert told[str(speaking.tap_id)] > SPOKEN


def test_the_same_is_published_with_its_sounds(process: Process) -> None:
    tap = process.open()
    process.run(2, (tap, None))
    heard = process.writer.seconds[-1]
    assert (heard.second, heard.bars) == process.writer.bars[-1]
    [sound] = heard.sounds_by_tap().values()
    assert abs(sound.samples - 8000) < CHUNK
    assert sound._replace(samples=0, until=0) == Sound()


def test_all_the_audio_of_a_call_is_told_of(process: Process) -> None:
    tap = process.open()
    process.run(12, (tap, None))
    told = sum(sound.samples for sound in sounds_of(process, tap))
    assert 11 * 50 * PACKET <= told <= 12 * 50 * PACKET


def test_of_a_connection_and_the_one_that_took_over_the_one_with_audio_counts(
    process: Process,
) -> None:
    stalled = process.open()
    process.run(4)
    heir = process.open(stalled.tap_id, position=CHUNK)
    process.run(2, (heir, None))
    assert process.writer.seconds[-1].taps == [str(stalled.tap_id)]
    assert sounds_of(process, heir)[-1].samples > 0


def test_audio_after_a_gap_is_told_to_have_one(process: Process) -> None:
    tap = process.open()
    process.run(1, (tap, None))
    tap.gap()
    process.run(2, (tap, None))
    assert [sound.gap for sound in sounds_of(process, tap)] == [False, False, True, False]


def test_a_clock_that_is_set_back_delays_nothing(process: Process) -> None:
    tap = process.open()
    process.run(2, (tap, None))
    process.clock.set_forward = -100
    process.run(2, (tap, None))
    assert [second for second, _ in process.writer.bars] == [999, 1000, 1001, 901, 902, 903]


def test_nothing_is_told_where_voices_are_not_looked_for(clock: Clock) -> None:
    process = Process(clock, Limits(voice_activity=False))
    tap = process.open()
    process.run(3, (tap, None))
    assert process.writer.bars == []
    assert process.writer.seconds == []
