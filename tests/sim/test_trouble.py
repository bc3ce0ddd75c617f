"""What is wrong with a simulated call is heard as what it is meant to be."""

from __future__ import annotations

import itertools

import pytest

from monitor.audio import g711
from monitor.audio.attention import Attention, Thresholds
from monitor.audio.condition import Kind
from monitor.audio.voice import VoiceMeter
from monitor.sim import voice
from monitor.sim.call import Script
from monitor.sim.trouble import TROUBLES, spoiled
from monitor.wire.frame import Leg
from tests.support.scenes import SECOND, kinds

FRAMES = 50  # in a second


def heard(script: Script, number: int, seconds: int) -> set[Kind]:
    """Return what is wrong at the end of a call that lasts so long."""
    trouble, attention = script.trouble(number), Attention(Thresholds())
    legs = {
        Leg[direction.upper()]: spoiled(
            voice.frames(direction, "PCMU", number), trouble, direction, "PCMU"
        )
        for direction in (("speak", "listen") if script.is_split(number) else ("both",))
    }
    meters = {leg: VoiceMeter() for leg in legs}
    for second in range(1, seconds + 1):
        for leg, frames in legs.items():
            for frame in itertools.islice(frames, FRAMES):
                meters[leg].feed(g711.decode("PCMU", frame))
        sounds = {leg: meter.take() for leg, meter in meters.items()}
        conditions = attention.observe(second * SECOND, sounds)
    return kinds(conditions)


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize(
    ("trouble", "seconds"), [(Kind.DEAD_AIR, 15), (Kind.CLIPPING, 20), (Kind.ONE_WAY, 25)]
)
def test_each_trouble_is_heard(trouble: Kind, seconds: int, number: int) -> None:
    assert heard(Script(troubles=(trouble,)), number, seconds) == {trouble}


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_call_without_trouble_needs_no_attention(number: int) -> None:
    assert not heard(Script(), number, 60)


def test_calls_have_the_troubles_in_turn() -> None:
    script = Script(troubles=(None, *TROUBLES))
    numbers = range(1, len(TROUBLES) + 3)
    assert [script.trouble(number) for number in numbers] == [None, *TROUBLES, None]
