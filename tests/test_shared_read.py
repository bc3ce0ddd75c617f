"""A reading is shared by those who ask before it begins. Tests let each begin and end."""

from __future__ import annotations

import asyncio

import pytest

from monitor.concurrency import GatheredReads, SharedRead, SharedReads


class Readings:
    """Readings that end when they are told to."""

    def __init__(self) -> None:
        self.begun: list[asyncio.Future[str]] = []
        self.shared = SharedRead(self._read)

    async def _read(self) -> str:
        self.begun.append(asyncio.get_running_loop().create_future())
        return await self.begun[-1]

    async def asked(self) -> asyncio.Task[str]:
        """Return a caller that has asked, and waits."""
        caller = asyncio.create_task(self.shared())
        for _ in range(5):  # turns of the loop until a reading that may begin has begun
            await asyncio.sleep(0)
        return caller


async def test_who_asks_before_the_reading_begins_shares_it() -> None:
    readings = Readings()
    callers = [asyncio.create_task(readings.shared()) for _ in range(3)]
    await readings.asked()
    [reading] = readings.begun
    reading.set_result("one")
    assert await asyncio.gather(*callers) == ["one", "one", "one"]


async def test_who_asks_during_a_reading_gets_the_next_one() -> None:
    readings = Readings()
    first = await readings.asked()
    late = [await readings.asked() for _ in range(2)]
    assert len(readings.begun) == 1
    readings.begun[0].set_result("before")
    assert await first == "before"
    await asyncio.sleep(0)
    readings.begun[1].set_result("after")
    assert await asyncio.gather(*late) == ["after", "after"]


async def test_a_caller_that_is_cancelled_takes_the_reading_from_nobody_else() -> None:
    readings = Readings()
    gone = asyncio.create_task(readings.shared())
    stays = await readings.asked()
    gone.cancel()
    await asyncio.wait([gone])
    readings.begun[0].set_result("one")
    assert await stays == "one"


async def test_a_reading_that_fails_does_so_for_those_who_share_it_and_not_for_the_next() -> None:
    readings = Readings()
    first = await readings.asked()
    late = await readings.asked()
    readings.begun[0].set_exception(ValueError("away"))
    with pytest.raises(ValueError, match="away"):
        await first
    await asyncio.sleep(0)
    readings.begun[1].set_result("back")
    assert await late == "back"


async def test_each_key_is_read_once_for_all_who_ask_at_the_same_time() -> None:
    read: list[str] = []

    async def reading(key: str) -> str:
        read.append(key)
        await asyncio.sleep(0)
        return key.upper()

    shared = SharedReads(reading)
    assert await asyncio.gather(*map(shared, "aabba")) == list("AABBA")
    assert sorted(read) == ["a", "b"]


async def test_a_key_that_nobody_asks_for_is_forgotten() -> None:
    async def reading(key: int) -> int:
        return key

    shared = SharedReads(reading)
    await asyncio.gather(*map(shared, range(10)))
    await asyncio.sleep(0)
    assert len(shared._of_keys) == 0


async def test_all_that_is_asked_for_at_the_same_time_is_read_at_once() -> None:
    read: list[set[str]] = []

    async def reading(keys: set[str]) -> dict[str, str]:
        read.append(keys)
        await asyncio.sleep(0)
        return {key: key.upper() for key in keys if key != "gone"}

    gathered = GatheredReads(reading)
    asked = [asyncio.create_task(gathered(key)) for key in ("a", "b", "a", "gone")]
    await asyncio.sleep(0)
    late = asyncio.create_task(gathered("a"))
    assert await asyncio.gather(*asked[:3], late) == ["A", "B", "A", "A"]
    with pytest.raises(KeyError):
        await asked[3]
    assert read == [{"a", "b", "gone"}, {"a"}]
