"""Who talks in a made call is measured right through the ingest, however its legs arrive."""

from __future__ import annotations

import random
import uuid

import pytest

from monitor.audio import g711
from monitor.audio.talk import Talk, TalkMeter
from monitor.audio.voice import Sound
from monitor.ingest.open_streams import OpenStreams
from monitor.ingest.stream import TapStream
from monitor.telemetry.metrics import AudioCounts
from monitor.wire.frame import Leg
from tests.support.made_calls import Side, length, overlap, side
from tests.support.streams import LIMITS, PACKET, Clock, Recorder

SPEAK = side((1, 0), (9, 2), (15, 4), (21.5, 7), seconds=28)
LISTEN = side((4, 1), (11, 3), (18.3, 6), (24, 8), seconds=28)
TICKS = 5  # in a second
PHASE = 0.5  # where in a second a gathering ends


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in ("stream", "open_streams"):
        monkeypatch.setattr(f"monitor.ingest.{module}.time", clock)
    return clock


class Sender:
    """Sends one side of a call: a packet is sent when it was spoken, or some time later."""

    def __init__(self, one: Side, leg: str, writer: Recorder) -> None:
        self.tap = TapStream(uuid.uuid4(), leg, writer, AudioCounts(), LIMITS)
        self._audio = g711.encode("PCMU", one.pcm)
        self._sent = 0  # bytes

    def send(self, until: float) -> None:
        """Send what was spoken up to a second of the call."""
        end = max(self._sent, int(until * 50) * PACKET)
        for begin in range(self._sent, min(end, len(self._audio)), PACKET):
            self.tap.feed(self._audio[begin : begin + PACKET])
        self._sent = end


def talk(clock: Clock, *, gathered: float = 0.02, jitter: float = 0.0) -> Talk:
    """Send a call; the agent's leg comes in gatherings, or late by up to some time."""
    writer, chance = Recorder(), random.Random(15)
    streams = OpenStreams(writer, LIMITS)
    speak, listen = Sender(SPEAK, "speak", writer), Sender(LISTEN, "listen", writer)
    for one in (speak, listen):
        streams.add(one.tap)
    for number in range(1, 50 * 30):
        clock.now += 0.02
        now = number * 0.02
        speak.send(now)
        late = chance.uniform(0, jitter)
        listen.send((now - late - PHASE) // gathered * gathered + PHASE)
        if number % (50 // TICKS) == 0:
            streams.tick()
    meter = TalkMeter()
    legs = {str(speak.tap.tap_id): Leg.SPEAK, str(listen.tap.tap_id): Leg.LISTEN}
    for heard in writer.seconds:
        sounds = dict.fromkeys(legs.values(), Sound())
        sounds |= {legs[tap]: sound for tap, sound in heard.sounds_by_tap().items()}
        meter.observe((heard.second + 1) * g711.SAMPLE_RATE, sounds)
    meter.observe(0, {})
    assert meter.talk
    return meter.talk


def assert_right(found: Talk, speak: Side, listen: Side) -> None:
    both = overlap(speak, listen)
    assert found.speak.talk == pytest.approx(speak.talk, rel=0.05)
    assert found.listen.talk == pytest.approx(listen.talk, rel=0.05)
    assert found.overlap == pytest.approx(length(both), abs=0.2)
    assert found.overlaps == len(both)


def test_a_call_that_arrives_evenly_is_measured_right(clock: Clock) -> None:
    assert_right(talk(clock), SPEAK, LISTEN)


@pytest.mark.parametrize("seconds", [0.6, 1.0])
def test_a_leg_that_arrives_in_gatherings_is_measured_right(clock: Clock, seconds: float) -> None:
    """It is told of up to a second later than the other one, and in another second."""
    assert_right(talk(clock, gathered=seconds), SPEAK, LISTEN)


def test_a_leg_that_arrives_with_jitter_is_measured_right(clock: Clock) -> None:
    assert_right(talk(clock, jitter=0.1), SPEAK, LISTEN)


def test_legs_that_are_exchanged_are_measured_wrong(clock: Clock) -> None:
    """The control."""
    with pytest.raises(AssertionError):
        assert_right(talk(clock), LISTEN, SPEAK)
