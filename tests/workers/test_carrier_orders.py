"""Orders are sent at once, a few at a time, and looked for even when nothing says so."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import Mock

import pytest
from channels.db import database_sync_to_async
from django.contrib.auth.models import User

from monitor.bus.reader import StreamReader
from monitor.models import CallOrder
from monitor.services import carrier_requests, orders, taps
from monitor.services.taps import OpenedTap
from monitor.wire.call_control import ControlError, TapStop
from monitor.workers.carrier_orders import AT_ONCE, CarrierOrders
from tests.support.orders import FakeControl
from tests.support.rest import set_up_rest
from tests.support.waiting import eventually, until

FOREVER = 3600.0  # seconds between two looks that nothing causes


@pytest.fixture
def opened(transactional_db: Any, settings: Any) -> OpenedTap:
    set_up_rest(settings)
    return taps.open_tap("call-1", agent="receptionist")


@contextlib.asynccontextmanager
async def running(worker: CarrierOrders) -> AsyncIterator[None]:
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def outcome() -> str:
    """Wait until an order is closed, and return its error."""

    async def look() -> CallOrder | None:
        return await CallOrder.objects.exclude(done_at=None).afirst()

    order: CallOrder = await eventually(look)
    return order.error


ask_stop = database_sync_to_async(orders.ask_stop)


async def test_an_order_is_sent_as_soon_as_its_event_arrives(
    reader: StreamReader, opened: OpenedTap, alice: User
) -> None:
    control = FakeControl()
    async with running(CarrierOrders(reader, control, every=FOREVER)):
        await until(lambda: reader.reads("events"))
        await ask_stop(alice, opened.tap.call_id)
        assert await outcome() == ""
    assert control.asked == [TapStop("call-1", opened.tap.control_id)]


async def test_an_order_whose_event_was_lost_is_found_by_looking(
    reader: StreamReader, opened: OpenedTap, alice: User
) -> None:
    await ask_stop(alice, opened.tap.call_id)
    async with running(CarrierOrders(reader, FakeControl(), every=0.01)):
        assert await outcome() == ""


async def test_what_the_carrier_says_is_recorded(
    reader: StreamReader, opened: OpenedTap, alice: User
) -> None:
    await ask_stop(alice, opened.tap.call_id)
    worker = CarrierOrders(reader, FakeControl(ControlError.BUSY))
    await worker.look()
    assert await outcome() == "busy"


async def test_a_worker_that_is_woken_as_it_is_cancelled_ends(
    reader: StreamReader, opened: OpenedTap
) -> None:
    worker = CarrierOrders(reader, FakeControl(), every=FOREVER)
    task = asyncio.create_task(worker.run())
    await until(lambda: reader.reads("events"))
    worker._woken.set()
    await asyncio.sleep(0)  # the waiting task is woken, and has not run yet
    task.cancel()
    ended, _ = await asyncio.wait([task], timeout=5)
    task.cancel()
    assert ended


async def test_two_processes_send_an_order_once(
    reader: StreamReader, opened: OpenedTap, alice: User
) -> None:
    await ask_stop(alice, opened.tap.call_id)
    control = FakeControl()
    workers = [CarrierOrders(reader, control) for _ in range(2)]
    await asyncio.gather(*(worker.look() for worker in workers))
    assert await outcome() == ""
    assert len(control.asked) == 1


async def test_a_carrier_that_does_not_answer_holds_a_few_threads_and_nothing_else(
    reader: StreamReader, opened: OpenedTap, alice: User
) -> None:
    for number in range(AT_ONCE + 1):
        other = await database_sync_to_async(taps.open_tap)(f"call-x{number}")
        await ask_stop(alice, other.tap.call_id)
    control = FakeControl()
    control.free.clear()
    worker = CarrierOrders(reader, control)
    looking = asyncio.create_task(worker.look())
    await until(lambda: len(control.asked) == AT_ONCE)
    await ask_stop(alice, opened.tap.call_id)  # the database's thread is free
    assert len(control.asked) == AT_ONCE
    control.free.set()
    await looking

    async def all_done() -> bool:
        return not await CallOrder.objects.filter(done_at=None).aexists()

    await eventually(all_done)
    assert len(control.asked) == AT_ONCE + 2


async def test_without_the_rest_api_an_order_is_not_claimed(
    reader: StreamReader, opened: OpenedTap, alice: User
) -> None:
    await ask_stop(alice, opened.tap.call_id)
    await CarrierOrders(reader, None).look()
    assert await CallOrder.objects.filter(claimed_at=None, done_at=None).aexists()


async def test_a_database_that_is_away_is_logged_once_and_the_next_look_comes(
    transactional_db: None,
    reader: StreamReader,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    any_open = Mock(side_effect=ValueError("broken"))
    monkeypatch.setattr(carrier_requests, "any_open", any_open)
    async with running(CarrierOrders(reader, FakeControl(), every=0.01)):
        await until(lambda: any_open.call_count > 2)
    assert caplog.messages == ["orders are not carried out yet"]
