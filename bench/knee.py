"""The knee is the highest load that is served well; it is found by doubling, then bisecting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.plan import Readings, Stage

GOOD_P99 = 150.0  # ms
NEAR = 0.1  # the knee is found once the next step is this share of it
GENERATOR_FULL = 0.9  # share of its core from which on the generator is the limit


@dataclass(frozen=True, slots=True)
class Point:
    """The outcome of one load."""

    load: int
    p99_ms: float
    lost: int
    server_share: float  # of its core
    waited: float  # share of the time in which the server was ready but had no core
    trusted: bool  # whether the generator had time to spare
    note: str = ""

    @property
    def is_good(self) -> bool:
        """Whether the load is below the knee."""
        return not self.note and not self.lost and self.p99_ms <= GOOD_P99


Try = Callable[[int], Point]


def point(load: int, readings: Readings) -> Point:
    """Return the point that a run at one load has found."""
    if readings.failure or not readings.stages:
        return Point(load, 0.0, 0, 1.0, 0.0, True, note=readings.failure or "nothing was read")
    seen = readings.stages[-1]
    note = f"{seen.gone} sockets were closed" if seen.gone else ""
    share = seen.generator_cpu / seen.seconds
    lost = seen.lost + readings.never_came
    if not seen.units_out:
        note = "nothing was delivered"
    used = seen.server_cpu / seen.seconds
    waited = seen.server_waited / seen.seconds
    return Point(load, seen.p99_ms, lost, used, waited, share < GENERATOR_FULL, note)


def search(attempt: Try, first: int, most: int, time_left: Callable[[], bool]) -> list[Point]:
    """Try loads from ``first`` up to ``most``; return the points in the order of their load."""
    tried: list[Point] = []
    good, bad, load = 0, 0, first
    while time_left() and load not in (good, bad):
        tried.append(attempt(load))
        if tried[-1].is_good:
            good = load
        else:
            bad = load
        if bad and bad - good <= max(1.0, NEAR * good):
            break
        load = (good + bad) // 2 if bad else min(most, 2 * good)
    return sorted(tried, key=lambda one: one.load)


def find(points: list[Point]) -> int:
    """Return the highest good load with no bad load below it, or 0 if there is none."""
    knee = 0
    for one in points:
        if not one.is_good:
            break
        knee = one.load
    return knee


def taps_stage(load: int, settle: float, measure: float) -> list[Stage]:
    """Return a load of so many taps, with one listener each."""
    return [Stage("load", load, load, settle=settle, measure=measure)]


def listeners_stage(load: int, settle: float, measure: float) -> list[Stage]:
    """Return a load of one tap with so many listeners."""
    return [Stage("load", 1, load, settle=settle, measure=measure)]
