"""How many connections to PostgreSQL a worker needs, however many listeners come at once."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import AsyncExitStack
from typing import Any

import pytest
import websockets
from channels.db import database_sync_to_async
from django.db import connection

from tests.support import environment
from tests.support.people import supervisors
from tests.support.servers import Server
from tests.support.talk import message_of, open_tap

MOST = 4  # connections that the worker may open
JOINS = 200
EACH = 8  # listens of one user at most
LOOK_EVERY = 0.02  # seconds

pytestmark = pytest.mark.skipif(environment.POSTGRES is None, reason="needs PostgreSQL")


def open_now(name: str) -> int:
    """Return how many connections the program of this name has open."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [name])
        return int(cursor.fetchone()[0])


async def most_of(name: str, found: list[int]) -> None:
    """Look again and again how many connections there are, until cancelled."""
    while True:
        found.append(await database_sync_to_async(open_now)(name))
        await asyncio.sleep(LOOK_EVERY)


async def test_200_joins_at_once_need_no_more_connections_than_a_worker_may_open(
    transactional_db: Any,
) -> None:
    cookies = await database_sync_to_async(supervisors)(JOINS // EACH)
    tap = (await open_tap()).tap
    found: list[int] = []
    with Server("uvicorn", PGAPPNAME="joined", DATABASE_CONNECTIONS=str(MOST)) as server:
        looking = asyncio.create_task(most_of("joined", found))
        async with AsyncExitStack() as stack:

            async def come(cookie: str) -> websockets.ClientConnection:
                page = server.with_cookie(f"/listen/{tap.pk}", cookie)
                return await stack.enter_async_context(page)

            pages = await asyncio.gather(*(come(one) for one in cookies * EACH))
            await asyncio.gather(*(message_of(page, "hello") for page in pages))
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking
    assert 1 <= max(found) <= MOST
