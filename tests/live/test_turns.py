"""A few at a time: who comes when."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import pytest

from monitor.live import turns


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []

    async def sleep(delay: float) -> None:
        seconds.append(delay)

    monkeypatch.setattr(turns.asyncio, "sleep", sleep)
    return seconds


async def first(count: int, things: Collection[int], every: float, at_once: int) -> list[list[int]]:
    turn = turns.in_turn(things, every, at_once)
    return [await anext(turn) for _ in range(count)]


async def test_all_come_in_each_round_in_parts(slept: list[float]) -> None:
    assert await first(4, range(5), 10, 3) == [[0, 1, 2], [3, 4], [0, 1, 2], [3, 4]]


async def test_a_round_takes_its_time_and_is_evenly_spread(slept: list[float]) -> None:
    await first(2, range(5), 10, 3)
    assert slept == [6, 4]


async def test_one_comes_after_the_whole_time(slept: list[float]) -> None:
    await first(1, [1], 10, 3)
    assert slept == [10]


async def test_who_comes_amid_a_round_has_a_turn_in_the_next(slept: list[float]) -> None:
    things = {1, 2}
    turn = turns.in_turn(things, 10, 1)
    seen = [await anext(turn)]
    things.add(3)
    assert sorted([*seen, await anext(turn)]) == [[1], [2]]
    assert sorted([await anext(turn) for _ in range(3)]) == [[1], [2], [3]]


async def test_nobody_is_waited_for_without_haste() -> None:
    things: set[int] = set()
    turn = turns.in_turn(things, 0.0, 1)
    waiting = asyncio.ensure_future(anext(turn))
    await asyncio.sleep(0)
    assert not waiting.done()
    things.add(1)
    assert await waiting == [1]
