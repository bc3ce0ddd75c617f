"""A process that has just got its first console has the last 60 seconds of every leg."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator

import pytest
import redis

from monitor.audio.strip import SECONDS as LENGTH
from monitor.audio.voice import Sound
from monitor.bus.keys import SECONDS
from monitor.bus.reader import StreamReader
from monitor.bus.seconds import Heard, SecondsReader
from monitor.fanout.strip_board import StripBoard
from tests.support.bus import open_queries
from tests.support.waiting import until

BEGAN = 1_790_000_000  # Unix seconds
QUIET, LOUD = Sound(8000, rms=-60.0), Sound(8000, voiced=8000, rms=-20.0)
QUIET_BAR, LOUD_BAR = 7, 128 + 87


def tell(store: redis.Redis, second: int, **sounds: Sound) -> None:
    """Tell what one process has heard in a second."""
    store.xadd(SECONDS, {"j": Heard.of(BEGAN + second, sounds).dumps()})


@pytest.fixture
async def board(reader: StreamReader) -> AsyncIterator[StripBoard]:
    async with open_queries() as queries:
        board = StripBoard(reader, SecondsReader(queries))
        yield board
        board.close()


def strip(board: StripBoard, tap: str) -> tuple[int, list[int]]:
    """Return the second of the last bar, and the bars."""
    told = board.describe(tap)
    return told["end"] - BEGAN, list(base64.b64decode(told["bytes"]))


async def test_a_fresh_process_has_all_that_was_heard(
    board: StripBoard, store: redis.Redis
) -> None:
    for second in range(LENGTH):
        tell(store, second, a=LOUD if second % 2 else QUIET)
        tell(store, second, b=QUIET)  # by another process
    await board.open()
    assert strip(board, "a") == (LENGTH - 1, [QUIET_BAR, LOUD_BAR] * (LENGTH // 2))
    assert strip(board, "b") == (LENGTH - 1, [QUIET_BAR] * LENGTH)


async def test_what_is_heard_later_follows(board: StripBoard, store: redis.Redis) -> None:
    tell(store, 0, a=QUIET)
    await board.open()
    tell(store, 1, a=LOUD)
    await until(lambda: strip(board, "a")[0] == 1)
    assert strip(board, "a")[1][-3:] == [0, QUIET_BAR, LOUD_BAR]


async def test_a_second_console_reads_nothing_again(board: StripBoard, store: redis.Redis) -> None:
    await board.open()
    asked = store.info("commandstats")
    await board.open()
    now = store.info("commandstats")
    assert now["cmdstat_xrange"]["calls"] == asked["cmdstat_xrange"]["calls"]


async def test_the_strip_of_a_leg_that_was_not_heard_yet_is_empty(
    board: StripBoard, store: redis.Redis
) -> None:
    tell(store, 5, a=LOUD)
    await board.open()
    assert strip(board, "b") == (5, [0] * LENGTH)


async def test_legs_that_have_gone_are_forgotten(board: StripBoard, store: redis.Redis) -> None:
    tell(store, 0, a=LOUD)
    tell(store, LENGTH, b=LOUD)
    await board.open()
    assert strip(board, "a") == (0, [0] * (LENGTH - 1) + [LOUD_BAR])
    tell(store, LENGTH + 1, b=LOUD)
    await until(lambda: strip(board, "a")[0] == LENGTH + 1)


async def test_nothing_is_kept_when_the_last_console_has_left(
    board: StripBoard, reader: StreamReader, store: redis.Redis
) -> None:
    tell(store, 0, a=LOUD)
    await board.open()
    board.close()
    assert strip(board, "a")[1] == [0] * LENGTH
    assert reader.subscriptions == 0
