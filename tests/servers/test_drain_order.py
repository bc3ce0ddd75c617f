"""In what order a Drain does what it does, in a process without a server."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import pytest

from monitor.fanout.open_sockets import OpenSockets
from monitor.servers.drain import Drain
from monitor.wire.close import RESTART
from tests.support.waiting import until

STOPS = "the server stops"


@pytest.fixture
def did() -> Iterator[list[Any]]:
    """What was done, in its order. The server's own handler of SIGTERM is one that notes itself."""
    did: list[Any] = []
    before = signal.signal(signal.SIGTERM, lambda *_: did.append(STOPS))
    yield did
    signal.signal(signal.SIGTERM, before)


def pages(did: list[Any], count: int) -> OpenSockets:
    """Open sockets of pages, whose end is noted."""
    opened = OpenSockets()
    for number in range(count):
        opened.add(Mock(session_key=f"s-{number}", end=lambda *why: did.append(why)))
    return opened


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


async def test_pages_are_closed_one_after_the_other_and_then_the_server_stops(
    did: list[Any],
) -> None:
    drain = Drain(0.1, pages(did, 3))
    drain.await_signal()
    assert not drain.is_under_way
    terminate()
    await until(lambda: drain.is_under_way)
    assert did == []
    await until(lambda: STOPS in did)
    assert did == [(RESTART.code, RESTART.reason)] * 3 + [STOPS]


async def test_a_second_signal_stops_the_server_at_once(did: list[Any]) -> None:
    drain = Drain(60, pages(did, 1))
    drain.await_signal()
    terminate()
    await until(lambda: drain.is_under_way)
    terminate()
    assert did == [STOPS]
    assert drain._task
    drain._task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drain._task


async def test_without_time_to_drain_the_server_stops_at_once(did: list[Any]) -> None:
    drain = Drain(0, pages(did, 1))
    drain.await_signal()
    terminate()
    assert (did, drain.is_under_way) == ([STOPS], False)
