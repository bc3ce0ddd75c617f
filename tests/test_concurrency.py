"""A few at a time: who comes when. The clock is a number, and sleeping moves it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from monitor.concurrency import Batches

EVERY = 30.0  # seconds


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(asyncio, "sleep", clock.sleep)
    return clock


def queue(clock: Clock, *things: int, at_once: int = 2) -> Batches[int]:
    made: Batches[int] = Batches(EVERY, at_once, clock)
    for thing in things:
        made.add(thing)
    return made


async def take(turn: AsyncIterator[list[int]], count: int) -> list[list[int]]:
    return [await anext(turn) for _ in range(count)]


async def test_all_come_again_and_again_a_few_at_a_time(clock: Clock) -> None:
    turn = aiter(queue(clock, 0, 1, 2, 3, 4))
    assert await take(turn, 5) == [[0, 1], [2, 3], [4, 0], [1, 2], [3, 4]]


async def test_the_turns_of_a_round_are_evenly_spread(clock: Clock) -> None:
    turn = aiter(queue(clock, *range(20)))
    times = []
    for _ in range(20):
        await anext(turn)
        times.append(clock.now - 1000)
    assert times == pytest.approx([3.0 * step for step in range(1, 21)])


async def test_one_alone_comes_after_the_whole_time(clock: Clock) -> None:
    turn = aiter(queue(clock, 1))
    await take(turn, 2)
    assert clock.now == 1000 + 2 * EVERY


async def test_a_newcomer_comes_within_the_time_since_it_came(clock: Clock) -> None:
    """Just after a round has begun, behind one who was there, and where nobody was."""
    for others in ((), (1,), range(1, 100)):
        made = queue(clock, *others)
        turn = aiter(made)
        await take(turn, 2) if others else None
        clock.now += 0.1
        made.add(0)
        came = clock.now
        while 0 not in await anext(turn):
            pass
        assert clock.now - came <= EVERY


async def test_nobody_waits_longer_because_others_leave(clock: Clock) -> None:
    """Evenly spread alone would slow down as there are fewer, with many still to come first."""
    made = queue(clock, *range(100))
    turn = aiter(made)
    seen: set[int] = set()
    while len(seen) < 100:
        some = await anext(turn)
        seen.update(some)
        for one in some:
            made.remove(one)
    assert clock.now - 1000 <= EVERY


async def test_one_that_was_removed_does_not_come(clock: Clock) -> None:
    made = queue(clock, 1, 2, at_once=1)
    made.remove(1)
    assert await take(aiter(made), 2) == [[2], [2]]
