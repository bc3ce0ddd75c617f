"""What a loop does between a connection to Redis that broke and the next one."""

from __future__ import annotations

import asyncio

import pytest

from monitor.bus.reconnect import FIRST_PAUSE, LONGEST_PAUSE, Reconnect
from monitor.telemetry.metrics import Metrics

AWAY = TimeoutError()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of every pause, which lasts no time."""
    lasted: list[float] = []

    async def sleep(seconds: float) -> None:
        lasted.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return lasted


async def test_the_pause_doubles_up_to_half_a_second(pauses: list[float]) -> None:
    reconnect = Reconnect(Metrics(), "read")
    for _ in range(6):
        await reconnect.after(AWAY)
    assert pauses == [0.02, 0.04, 0.08, 0.16, 0.32, LONGEST_PAUSE]


async def test_the_pause_is_short_again_after_a_success(pauses: list[float]) -> None:
    reconnect = Reconnect(Metrics(), "read")
    await reconnect.after(AWAY)
    await reconnect.after(AWAY)
    reconnect.succeeded()
    await reconnect.after(AWAY)
    assert pauses[-1] == FIRST_PAUSE


@pytest.mark.usefixtures("pauses")
async def test_a_failure_is_logged_with_its_side_and_what_the_error_says(
    caplog: pytest.LogCaptureFixture,
) -> None:
    reconnect = Reconnect(Metrics(), "write")
    await reconnect.after(AWAY)
    await reconnect.after(ConnectionError("refused"))
    assert caplog.messages == [
        "a connection to Redis failed (write): TimeoutError",
        "a connection to Redis failed (write): refused",
    ]
    assert reconnect.count == 2
