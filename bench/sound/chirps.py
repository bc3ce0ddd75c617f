"""Chirps: sounds that are found again in a recording to a fraction of a millisecond.

A chirp replaces 100 ms of a call's speech. Its period changes evenly, so playing it faster or
slower only moves it: by 3 ms at 2 %, which is the most that a player may trim its rate. Four kinds
take turns: up and down, in the lower and in the upper half of the telephone's band. A chirp is
therefore mistaken for another one only where it is 4 s late.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.plan import UNIT, UNIT_SECONDS

Samples = NDArray[np.float64]

RATE = 8000  # Hz
LENGTH = 5 * UNIT  # samples of a chirp
#: The first and the last frequency of each kind, in Hz.
SWEEPS = ((300.0, 1100.0), (1100.0, 3400.0), (1100.0, 300.0), (3400.0, 1100.0))
KINDS = len(SWEEPS)
PEAK = 0.3  # of full scale
#: Units of 20 ms from one chirp to the next. 50 would put all of them at the same place of a
#: message that holds a second; 53 also meets every place of a chunk of 60 ms.
PERIOD = 53
#: Seconds after which the next chirp of the same kind may be heard.
WINDOW = (KINDS * PERIOD - 15) * UNIT_SECONDS
EARLY = 0.02  # seconds that the two clocks may disagree
#: How like a chirp a sound must be, where 1 is the same. Speech is up to 0.39.
LIKE = 0.5
EDGE = 40  # samples in which a chirp fades in and out


class Event(NamedTuple):
    """A chirp in a recording."""

    at: float  # seconds since the recording's first sample
    kind: int


@functools.cache
def chirp(kind: int) -> Samples:
    """Return a chirp of one kind."""
    first, last = SWEEPS[kind]
    periods = np.linspace(1 / first, 1 / last, LENGTH)
    phase = 2 * np.pi * np.cumsum(1 / periods) / RATE
    fade = np.minimum(1, np.arange(1, LENGTH + 1) / EDGE)
    made: Samples = PEAK * np.sin(phase) * fade * fade[::-1]
    return made


def find(recording: Samples) -> list[Event]:
    """Return all chirps of a recording at RATE, in the order in which they are heard."""
    likeness = np.stack([_likeness(recording, kind) for kind in range(KINDS)])
    kinds, best = likeness.argmax(axis=0), likeness.max(axis=0)
    places = np.flatnonzero(best >= LIKE)
    found = []
    while len(places):
        place = places[best[places].argmax()]
        found.append(Event(float(place) / RATE, int(kinds[place])))
        places = places[np.abs(places - place) > LENGTH]
    return sorted(found)


def _likeness(recording: Samples, kind: int) -> Samples:
    """Return for each place how like a chirp the sound from there on is.

    The filter is complex, so the phase with which the sound is sampled does not matter.
    """
    size = 1 << (len(recording) + LENGTH).bit_length()
    template = 2 * np.fft.fft(chirp(kind), size)
    template[size // 2 :] = 0
    count = max(0, len(recording) - LENGTH + 1)
    found = np.abs(np.fft.ifft(np.fft.fft(recording, size) * np.conj(template)))[:count]
    energy = np.concatenate([[0.0], np.cumsum(recording**2)])
    windows = energy[LENGTH : LENGTH + count] - energy[:count]
    likeness: Samples = found / np.sqrt(np.maximum(windows, 1e-6) * np.sum(chirp(kind) ** 2))
    return likeness


def delays(sent: Sequence[tuple[int, float]], heard: Sequence[Event]) -> list[float | None]:
    """Return the delay of each chirp in seconds, or None if it was not heard within WINDOW.

    ``sent`` has the number of each chirp and when it was sent, by the clock of ``heard``.
    """
    left = list(heard)
    found: list[float | None] = []
    for number, at in sent:
        fits = (
            one for one in left if one.kind == number % KINDS and -EARLY <= one.at - at < WINDOW
        )
        event = next(fits, None)
        if event:
            left.remove(event)
        found.append(event.at - at if event else None)
    return found


def decimate(samples: NDArray[Any], factor: int) -> Samples:
    """Return a recording at a rate that is ``factor`` times lower, without a delay.

    What lies above 3.8 of 4 kHz is taken away first, in each phase of the filter by itself.
    """
    half = 20 * factor
    taps = np.arange(-half, half + 1) / factor
    low_pass = np.sinc(taps * 0.95) * np.kaiser(2 * half + 1, 8.0) * 0.95 / factor
    count = len(samples) // factor
    padded = np.concatenate([np.zeros(half), samples[: count * factor], np.zeros(half + factor)])
    done = np.zeros(count)
    for phase in range(factor):
        part = low_pass[phase::factor]
        inputs = padded[phase::factor][: count + len(part) - 1]
        done += np.correlate(inputs, part, "valid")[:count]
    return done
