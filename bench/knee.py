"""The knee: the most load that is still served well, by doubling and then halving the step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .plan import Readings, Stage

GOOD_P99 = 150.0  # ms
NEAR = 0.1  # the knee is found when the step is this share of it
GENERATOR_FULL = 0.9  # share of its core at which the generator is what limits


@dataclass(frozen=True, slots=True)
class Point:
    """One load that was tried."""

    load: int
    p99_ms: float
    lost: int
    server_share: float  # of its core
    waited: float  # share of the time that the server wanted its core in vain
    trusted: bool  # the generator had time to spare
    note: str = ""

    @property
    def good(self) -> bool:
        """Is it under the knee?"""
        return not self.note and not self.lost and self.p99_ms <= GOOD_P99


Try = Callable[[int], Point]


def point(load: int, readings: Readings) -> Point:
    """What a run at one load says."""
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
    """Try loads from ``first`` up to ``most``; what was tried, by load."""
    tried: list[Point] = []
    good, bad, load = 0, 0, first
    while time_left() and load not in (good, bad):
        tried.append(attempt(load))
        if tried[-1].good:
            good = load
        else:
            bad = load
        if bad and bad - good <= max(1.0, NEAR * good):
            break
        load = (good + bad) // 2 if bad else min(most, 2 * good)
    return sorted(tried, key=lambda one: one.load)


def of(points: list[Point]) -> int:
    """The highest load that was good, and none under it was not; 0 if none was."""
    knee = 0
    for one in points:
        if not one.good:
            break
        knee = one.load
    return knee


def taps_stage(load: int, settle: float, measure: float) -> list[Stage]:
    """As many taps, one listener each."""
    return [Stage("load", load, load, settle=settle, measure=measure)]


def ears_stage(load: int, settle: float, measure: float) -> list[Stage]:
    """One tap, as many listeners."""
    return [Stage("load", 1, load, settle=settle, measure=measure)]
