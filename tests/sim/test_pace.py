"""The sender's schedule, under a clock that tests move."""

from __future__ import annotations

import contextlib

import pytest

from monitor.sim.pace import ticks


class Clock:
    """Seconds that pass only by sleeping, or by saying so."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


async def run(clock: Clock, count: int, *, work: float = 0.0) -> list[float]:
    """The times of the first ticks, with so many seconds of work in each."""
    times = []
    async with contextlib.aclosing(ticks(0.02, clock, clock.sleep)) as schedule:
        async for number in schedule:
            times.append(clock.now - 1000.0)
            clock.now += work
            if number == count - 1:
                break
    return times


async def test_ticks_come_at_their_interval() -> None:
    assert await run(Clock(), 4) == pytest.approx([0, 0.02, 0.04, 0.06])


async def test_work_between_ticks_does_not_add_up() -> None:
    times = await run(Clock(), 3000, work=0.013)
    assert times[-1] == pytest.approx(2999 * 0.02)


async def test_a_late_tick_is_followed_at_once_until_the_schedule_is_met() -> None:
    clock = Clock()
    times = []
    async with contextlib.aclosing(ticks(0.02, clock, clock.sleep)) as schedule:
        async for number in schedule:
            times.append(clock.now - 1000.0)
            if number == 1:
                clock.now += 0.07  # this one took long
            if number == 6:
                break
    assert times == pytest.approx([0, 0.02, 0.09, 0.09, 0.09, 0.1, 0.12])


async def test_others_get_their_turn_even_when_late() -> None:
    clock = Clock()
    await run(clock, 5, work=1.0)
    assert clock.slept == [0.0] * 5
