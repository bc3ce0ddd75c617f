"""Who listens is published once for all who come together, and then after a rest."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from monitor.concurrency import Coalesced, Writes
from monitor.fanout import listen_record
from monitor.fanout.listen_record import ListenWrites
from monitor.services import announce

pytestmark = pytest.mark.django_db(transaction=True)  # writes are made in the database's thread

FIRST, SECOND = uuid.uuid4(), uuid.uuid4()


class Rest:
    """A sleep that ends when the test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.over = asyncio.Event()
        self.began = asyncio.Event()
        monkeypatch.setattr("monitor.concurrency.asyncio.sleep", self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.began.set()
        await self.over.wait()


async def test_the_calls_of_those_who_come_together_are_published_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    published: list[list[uuid.UUID]] = []
    monkeypatch.setattr(announce, "publish_change", lambda *taps: published.append(sorted(taps)))
    tell = ListenWrites(Writes()).tell
    await asyncio.gather(*(tell(one) for one in [FIRST, SECOND, FIRST, SECOND]))
    assert published == [sorted([FIRST, SECOND])]


async def test_who_comes_during_the_rest_is_written_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[list[int]] = []
    coalesced = Coalesced(written.append, Writes(), rest=listen_record.TOLD_EVERY)
    await coalesced(1)
    rest = Rest(monkeypatch)
    waits = [coalesced.begin(2)]
    await asyncio.wait_for(rest.began.wait(), 5)
    waits.append(coalesced.begin(3))
    assert written == [[1]]
    rest.over.set()
    await asyncio.wait(waits)
    assert written == [[1], [2, 3]]


async def test_what_is_alone_is_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rest = Rest(monkeypatch)
    written: list[list[int]] = []
    await Coalesced(written.append, Writes(), rest=3600)(1)
    assert written == [[1]]
    assert not rest.began.is_set()
