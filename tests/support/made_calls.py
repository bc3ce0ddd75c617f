"""Calls that are made of the simulator's sentences, so that it is known who speaks when.

Somebody speaks from the first to the last audible moment of a sentence. Pauses of less than 0.3 s,
which are those between words, are part of it.
"""

from __future__ import annotations

import functools
import itertools
import math
import random
import warnings
from collections.abc import Iterable
from dataclasses import dataclass

from monitor.audio.g711 import SAMPLE_RATE
from monitor.audio.talk import Talk, TalkMeter
from monitor.audio.voice import Sound, VoiceMeter
from monitor.sim import voice
from monitor.wire.frame import Leg
from tests.support.sounds import pieces, silence

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

BEGAN = 1_790_000_001  # Unix time at which a slot begins
PAUSE = 0.3  # seconds; what is shorter is a pause between words
STEP = 0.01  # seconds: how exactly the truth is known
AUDIBLE = 0.01  # of the loudest moment of a sentence: 40 dB less
SECOND_BYTES = 2 * SAMPLE_RATE

Spans = list[tuple[float, float]]  # seconds


@dataclass(frozen=True)
class Side:
    """What one party says in a call, and when."""

    pcm: bytes
    spans: Spans

    @property
    def talk(self) -> float:
        return length(self.spans)

    @property
    def silence(self) -> float:
        """The longest pause, with what comes before the first and after the last word."""
        edges = [(0.0, 0.0), *self.spans, (len(self.pcm) / SECOND_BYTES, math.inf)]
        return max(after[0] - before[1] for before, after in itertools.pairwise(edges))


def length(spans: Iterable[tuple[float, float]]) -> float:
    return sum(end - begin for begin, end in spans)


def overlap(one: Side, other: Side) -> Spans:
    """Return when both speak."""
    pairs = [
        (max(a, c), min(b, d))
        for a, b in one.spans
        for c, d in other.spans
        if max(a, c) < min(b, d)
    ]
    return sorted(pairs)


def side(*turns: tuple[float, int], seconds: float) -> Side:
    """Let somebody say sentences, by their numbers, each from a second of the call on."""
    pcm, spans = bytearray(silence(seconds)), []
    for begin, number in turns:
        sentence, spoken = _sentence(number)
        at = 2 * round(begin * SAMPLE_RATE)
        pcm[at : at + len(sentence)] = sentence
        spans += [(begin + start, begin + end) for start, end in spoken]
    return Side(bytes(pcm[: len(silence(seconds))]), spans)


def chat(seed: int, seconds: float = 60.0) -> Side:
    """Let somebody speak who pauses for 0.4 to 5 s between sentences, whatever the other says."""
    chance, at = random.Random(seed), 0.0
    turns: list[tuple[float, int]] = []
    while True:
        at += chance.uniform(0.4, 5)
        number = chance.randrange(len(voice.read_turns()))
        sentence, _ = _sentence(number)
        if at + len(sentence) / SECOND_BYTES > seconds - 1:
            return side(*turns, seconds=seconds)
        turns.append((at, number))
        at += len(sentence) / SECOND_BYTES


def heard(speak: bytes, listen: bytes, *, behind: float = 0.0) -> list[dict[Leg, Sound]]:
    """Return the sounds of each second of a call. The agent's leg may be told to be ``behind``."""
    meters = {Leg.SPEAK: VoiceMeter(), Leg.LISTEN: VoiceMeter()}
    late = {Leg.SPEAK: 0, Leg.LISTEN: round(behind * SAMPLE_RATE)}
    seconds = []
    for number, both in enumerate(
        zip(pieces(speak, SECOND_BYTES), pieces(listen, SECOND_BYTES), strict=True), start=1
    ):
        sounds = {}
        for (leg, meter), audio in zip(meters.items(), both, strict=True):
            for piece in pieces(audio):
                meter.feed(piece)
            until = (BEGAN + number) * SAMPLE_RATE - meter.rest + late[leg]
            sounds[leg] = meter.take()._replace(until=until)
        seconds.append(sounds)
    return seconds


def measure(seconds: list[dict[Leg, Sound]]) -> Talk:
    """Measure a call, and what is known of it once nothing more has come for 7 s."""
    meter = TalkMeter()
    nothing = dict.fromkeys((Leg.SPEAK, Leg.LISTEN), Sound())
    for number, sounds in enumerate([*seconds, *[nothing] * 7], start=1):
        meter.observe((BEGAN + number) * SAMPLE_RATE, sounds)
    assert meter.talk
    return meter.talk


@functools.cache
def _sentence(number: int) -> tuple[bytes, Spans]:
    """Return a sentence with when it is spoken."""
    pcm = voice.read_turns()[number].pcm
    size = 2 * round(STEP * SAMPLE_RATE)
    levels = [audioop.rms(piece, 2) for piece in pieces(pcm, size)]
    spans: Spans = []
    for place, level in enumerate(levels):
        if level < AUDIBLE * max(levels):
            continue
        begin, end = place * STEP, (place + 1) * STEP
        if spans and begin - spans[-1][1] < PAUSE:
            begin = spans.pop()[0]
        spans.append((begin, end))
    return pcm, spans
