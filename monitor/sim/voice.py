"""The voices of simulated calls: endless G.711, in frames of 20 ms."""

from __future__ import annotations

import array
import functools
import itertools
import math
import random
import re
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from monitor.audio import g711

SPEECH = Path(__file__).with_name("speech")
FRAME = 160  # samples, 20 ms; the same number of bytes in G.711
FRAME_SECONDS = FRAME / g711.SAMPLE_RATE
PAUSE = 0.4  # seconds between two turns
BETWEEN = 1.2  # seconds between two dialogues
AMPLITUDE = 0.5  # of full scale: a tone at -6 dBFS peak


class Turn(NamedTuple):
    """One sentence of a dialogue; ``pcm`` is s16le at 8000 Hz."""

    dialogue: str
    speaker: str  # agent or caller
    text: str
    pcm: bytes


def read_turns() -> list[Turn]:
    """Read the speech files in the order of the dialogues, each with its words.

    Raises ValueError for a file that is not 8000 Hz, mono, 16 bit.
    """
    names = [re.fullmatch(r"(\w+)-(\d+)-(\w+)", path.stem) for path in SPEECH.glob("*.wav")]
    parts = sorted((name[1], int(name[2]), name[3]) for name in names if name)
    texts = _read_texts()
    return [
        Turn(
            dialogue,
            speaker,
            texts[dialogue][turn - 1],
            read_wav(SPEECH / f"{dialogue}-{turn}-{speaker}.wav"),
        )
        for dialogue, turn, speaker in parts
    ]


def _read_texts() -> dict[str, list[str]]:
    """Return the sentences of each dialogue, in their order."""
    texts: dict[str, list[str]] = {}
    for line in (SPEECH / "dialogues.txt").read_text().splitlines():
        if not line.startswith("#"):
            dialogue, _, text = line.split(maxsplit=2)
            texts.setdefault(dialogue, []).append(text)
    return texts


def read_wav(path: Path) -> bytes:
    """Return the samples of a WAV file as s16le.

    Raises ValueError, naming the file, unless it is 8000 Hz, mono, 16 bit.
    """
    with wave.open(str(path), "rb") as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (8000, 1, 2):
            raise ValueError(f"{path.name} is not 8000 Hz, mono, 16 bit")
        return file.readframes(file.getnframes())


def mix(one: bytes, other: bytes) -> bytes:
    """Add two pieces of s16le of the same length, with clipping."""
    sums = map(sum, zip(array.array("h", one), array.array("h", other), strict=True))
    return array.array("h", (max(-32768, min(32767, value)) for value in sums)).tobytes()


class Spoken(NamedTuple):
    """A turn, and from which frame of the conversation to which it is heard."""

    turn: Turn
    start: int
    end: int


@functools.cache
def schedule() -> list[Spoken]:
    """Return all dialogues in the order in which they are heard."""
    spoken = []
    samples = 0
    for _, turns in itertools.groupby(read_turns(), key=lambda turn: turn.dialogue):
        for turn in turns:
            start, samples = samples, samples + len(turn.pcm) // 2
            spoken.append(Spoken(turn, start // FRAME, samples // FRAME))
            samples += _samples(PAUSE)
        samples += _samples(BETWEEN)
    return spoken


@functools.cache
def conversation(direction: str) -> bytes:
    """Return all dialogues once as s16le.

    ``speak`` has the turns of the caller, ``listen`` those of the agent, each with silence while
    the other one talks; ``both`` is the mix. All three have the same length, a whole number of
    frames. Raises ValueError for any other direction.
    """
    if direction == "both":
        return mix(conversation("speak"), conversation("listen"))
    if direction not in ("speak", "listen"):
        raise ValueError(f"direction {direction!r} is not one of both, speak, listen")
    heard = "caller" if direction == "speak" else "agent"
    leg = bytearray()
    for _, turns in itertools.groupby(read_turns(), key=lambda turn: turn.dialogue):
        for turn in turns:
            leg += turn.pcm if turn.speaker == heard else bytes(len(turn.pcm))
            leg += bytes(2 * _samples(PAUSE))
        leg += bytes(2 * _samples(BETWEEN))
    leg += bytes(-len(leg) % (2 * FRAME))
    return bytes(leg)


def conversation_frames() -> int:
    """Return how many frames the conversation has before it begins again."""
    return len(conversation("speak")) // (2 * FRAME)


def first_frame(seed: int) -> int:
    """Return with which frame of the conversation the calls of this seed begin."""
    return random.Random(seed).randrange(conversation_frames())


@functools.cache
def tone(hz: int) -> bytes:
    """Return one second of a sine as s16le, which can be repeated without a click.

    Raises ValueError for a tone that 8000 Hz cannot carry.
    """
    if not 0 < hz < g711.SAMPLE_RATE // 2:
        raise ValueError(f"tone of {hz} Hz is not between 1 and {g711.SAMPLE_RATE // 2 - 1} Hz")
    step = 2 * math.pi * hz / g711.SAMPLE_RATE
    peak = AMPLITUDE * 32767
    sine = (round(peak * math.sin(step * n)) for n in range(g711.SAMPLE_RATE))
    return array.array("h", sine).tobytes()


def frames(direction: str, codec: g711.Codec, seed: int, hz: int = 0) -> Iterator[bytes]:
    """Yield frames of encoded audio without end: a tone if ``hz`` is given, else the conversation.

    ``seed`` decides where the conversation begins. The same seed begins at the same moment in
    every direction, so the legs of a call agree.
    """
    encoded = _encoded(direction, codec, hz)
    count = len(encoded) // FRAME
    first = 0 if hz else first_frame(seed)
    for number in itertools.count(first):
        start = number % count * FRAME
        yield encoded[start : start + FRAME]


@functools.cache
def _encoded(direction: str, codec: g711.Codec, hz: int) -> bytes:
    return g711.encode(codec, tone(hz) if hz else conversation(direction))


def _samples(seconds: float) -> int:
    return round(seconds * g711.SAMPLE_RATE)
