"""Calls written as lines of text: a character is what one leg sounds like for a second."""

from __future__ import annotations

from monitor.audio.attention import Attention
from monitor.audio.condition import Condition, Kind
from monitor.audio.talk import TalkMeter
from monitor.audio.voice import STRIDE, Sound
from monitor.wire.frame import Leg

SECOND = 8000  # samples


def _spoken(voiced: int, rms: float, quietest: float, loudest: float, clipped: int = 0) -> Sound:
    """A second that begins with so many samples of speech."""
    units = (1 << voiced // STRIDE) - 1
    sound = Sound(SECOND, voiced, clipped, rms, quietest, loudest)
    return sound._replace(loud=units, speech=units)


SOUNDS = {
    "#": _spoken(6000, rms=-22, quietest=-50, loudest=-15),  # speech
    "=": _spoken(8000, rms=-20, quietest=-40, loudest=-15),  # speech without a pause
    "c": _spoken(1200, rms=-30, quietest=-55, loudest=-20),  # a cough
    "/": _spoken(1600, rms=-30, quietest=-55, loudest=-20),  # half of a short word
    "X": _spoken(6000, clipped=240, rms=-9, quietest=-40, loudest=-3),  # too loud
    ".": Sound(SECOND, rms=-50, quietest=-58, loudest=-44),  # nobody speaks, and the line lives
    "_": Sound(SECOND, rms=-55, quietest=-56, loudest=-53),  # comfort noise
    "0": Sound(SECOND),  # digital silence
    "%": Sound(SECOND, rms=-58, quietest=-96, loudest=-50, gap=True),  # loss, concealed
    " ": Sound(),  # nothing arrives
}


def play(attention: Attention, began: int = 0, /, **legs: str) -> list[tuple[Condition, ...]]:
    """Play a scene from second ``began`` on, and return the conditions after each of its seconds.

    All legs last as long as the first; a leg is named as its tap's direction is.
    """
    length = len(next(iter(legs.values())))
    assert all(len(sounds) == length for sounds in legs.values())
    named = {Leg[name.upper()]: sounds for name, sounds in legs.items()}
    meter = TalkMeter()
    history = []
    for second in range(length):
        at = (began + second + 1) * SECOND
        sounds = {leg: SOUNDS[scene[second]] for leg, scene in named.items()}
        history.append(attention.observe(at, sounds, meter.observe(at, sounds)))
    return history


def kinds(conditions: tuple[Condition, ...]) -> set[Kind]:
    return {one.kind for one in conditions}


def held(history: list[tuple[Condition, ...]], kind: Kind) -> str:
    """Write a history as a scene is written: ``!`` is a second after which the condition held."""
    return "".join("!" if kind in kinds(one) else "-" for one in history)
