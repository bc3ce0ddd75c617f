"""Audio whose nature is known: silence, tones, noise, clicks, and the simulator's speech."""

from __future__ import annotations

import array
import functools
import math
import random
import struct
import warnings

from monitor.audio import g711
from monitor.sim import voice

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

PIECE = 960  # bytes of s16le, 60 ms: what a Frame holds


def silence(seconds: float) -> bytes:
    return bytes(2 * g711.samples_in(seconds))


@functools.cache
def sine(hertz: int, dbfs: float, seconds: float) -> bytes:
    """Return a sine whose peak is at a level."""
    peak = 32767 * 10 ** (dbfs / 20)
    turns = (2 * math.pi * hertz * n / g711.SAMPLE_RATE for n in range(g711.SAMPLE_RATE))
    second = array.array("h", (round(peak * math.sin(turn)) for turn in turns)).tobytes()
    return (second * math.ceil(seconds))[: 2 * g711.samples_in(seconds)]


def square(magnitude: int, seconds: float) -> bytes:
    """Return a square wave of 400 Hz, which has all of its samples at one magnitude."""
    period = struct.pack("<20h", *[magnitude] * 10, *[-magnitude] * 10)
    return period * round(seconds * 400)


@functools.cache
def noise(dbfs: float, seconds: float, seed: int = 14) -> bytes:
    """Return white noise whose RMS is at a level, as a telephone line has passed it on."""
    loudest = random.Random(seed).randbytes(2 * g711.samples_in(seconds))
    return coded(audioop.mul(loudest, 2, math.sqrt(3) * 10 ** (dbfs / 20)))


@functools.cache
def speech(seed: int = 14) -> bytes:
    """Return the sentences of the simulator's dialogues in some order: 52 s without pauses
    between them."""
    turns = [turn.pcm for turn in voice.read_turns()]
    random.Random(seed).shuffle(turns)
    return coded(b"".join(turns))


def louder(pcm: bytes, decibels: float) -> bytes:
    """Change the loudness of audio, and clip what does not fit."""
    return coded(audioop.mul(pcm, 2, 10 ** (decibels / 20)))


def mixed(one: bytes, other: bytes) -> bytes:
    """Add two pieces of audio, for as long as both last."""
    size = min(len(one), len(other))
    return audioop.add(one[:size], other[:size], 2)


def coded(pcm: bytes) -> bytes:
    """Return audio as mu-law passes it on."""
    return g711.decode("PCMU", g711.encode("PCMU", pcm))


def pieces(pcm: bytes, size: int = PIECE) -> list[bytes]:
    """Cut audio into pieces of ``size`` bytes; the last may be shorter."""
    return [pcm[start : start + size] for start in range(0, len(pcm), size)]
