"""A listener's mailbox is bounded: when it is full, live audio replaces the oldest."""

from __future__ import annotations

import asyncio

import pytest
from pytest_django import Settings

from monitor.bus.reader import ANSWER
from monitor.bus.timing import frames_in
from monitor.fanout.mailbox import Mailbox
from monitor.limits import Limits

MAILBOX = Limits().mailbox


def items(first: int, last: int) -> list[bytes]:
    return [str(n).encode() for n in range(first, last + 1)]


def filled(count: int, limit: int = 10) -> Mailbox:
    mailbox = Mailbox(limit)
    for item in items(1, count):
        mailbox.put(item)
    return mailbox


def test_items_are_taken_in_order_and_once() -> None:
    mailbox = filled(3)
    assert mailbox.take() == items(1, 3)
    assert mailbox.take() == []


def test_a_full_mailbox_drops_the_oldest_and_counts() -> None:
    mailbox = filled(25, limit=10)
    assert mailbox.take() == items(16, 25)
    assert mailbox.dropped == 15


def test_a_mailbox_that_is_just_full_has_dropped_nothing() -> None:
    mailbox = filled(10, limit=10)
    assert mailbox.dropped == 0
    assert len(mailbox.take()) == 10


@pytest.mark.parametrize(("chunk_ms", "frames"), [(20, 500), (60, 167), (500, 20)])
def test_a_listeners_mailbox_holds_10_s_however_long_a_chunk_is(
    settings: Settings, chunk_ms: int, frames: int
) -> None:
    """Ten minutes of a stalled tab must not pile up; one answer of Redis must fit in."""
    settings.CHUNK_MS = chunk_ms
    assert frames_in(MAILBOX) == frames
    assert 2 * frames_in(ANSWER) <= frames
    mailbox = filled(10_000, frames_in(MAILBOX))
    assert len(mailbox.take()) == frames
    assert mailbox.dropped == 10_000 - frames


def test_an_emptied_mailbox_has_room_again() -> None:
    mailbox = filled(10, limit=10)
    mailbox.take()
    mailbox.put(b"next")
    assert (mailbox.take(), mailbox.dropped) == ([b"next"], 0)


async def test_put_sets_the_wake_event_and_take_clears_it() -> None:
    mailbox = Mailbox(10)
    reader = asyncio.create_task(mailbox.wake.wait())
    await asyncio.sleep(0)
    assert not reader.done()
    mailbox.put(b"one")
    async with asyncio.timeout(1):
        await reader
    mailbox.take()
    assert not mailbox.wake.is_set()
