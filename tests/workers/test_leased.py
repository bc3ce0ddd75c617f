"""One process at a time does what a lease is for."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from monitor.bus.lease import Lease
from monitor.workers.leased import Leased


class FakeLease:
    """A lease that is held or not, as the test has it."""

    def __init__(self, *, held: bool = True) -> None:
        self.held = held
        self.is_released = False

    async def hold(self) -> bool:
        return self.held

    async def release(self) -> None:
        self.is_released = True


async def rounds(lease: FakeLease, work: Any, count: int = 3) -> None:
    """Run so many rounds, and then cancel the loop."""
    left = [None] * (count - 1)

    async def sleep(seconds: float) -> None:
        if not left:
            raise asyncio.CancelledError
        left.pop()

    leased = Leased(cast("Lease", lease), work, "nothing is done", sleep)
    with pytest.raises(asyncio.CancelledError):
        await leased.run()


@pytest.mark.usefixtures("given_back")
class TestLeased:
    async def test_work_is_done_while_the_lease_is_held(self) -> None:
        done: list[int] = []
        lease = FakeLease()
        await rounds(lease, lambda: done.append(1))
        assert (done, lease.is_released) == ([1, 1, 1], True)

    async def test_without_the_lease_nothing_is_done(self) -> None:
        done: list[int] = []
        await rounds(FakeLease(held=False), lambda: done.append(1))
        assert done == []

    async def test_a_failure_is_logged_once_and_the_next_round_comes(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        tried: list[int] = []

        def fail() -> None:
            tried.append(1)
            raise ValueError

        await rounds(FakeLease(), fail)
        assert len(tried) == 3
        assert caplog.text.count("nothing is done; the next look tries again") == 1
