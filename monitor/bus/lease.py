"""Lease: a right that one process at a time holds, for as long as it renews it."""

from __future__ import annotations

import uuid
from typing import cast

import redis.asyncio
from redis.asyncio.lock import Lock
from redis.exceptions import LockError

from monitor.bus.queries import Queries

KEPT = 5.0  # seconds after which a lease that was not renewed is another process's to take


class Lease:
    """Holds a key in Redis: redis-py's lock, which only its holder can renew and delete."""

    def __init__(self, queries: Queries, key: str) -> None:
        self._queries = queries
        self._key = key
        self._lock: Lock | None = None  # while this process holds it, as far as it knows

    async def hold(self) -> bool:
        """Take the lease if nobody holds it, or renew it; return whether this process holds it.

        Raises bus.Unavailable: whether it does is not known then.
        """
        return await self._queries.ask_at_once(self._hold)

    async def release(self) -> None:
        """Let another process take the lease at once. Raises bus.Unavailable."""
        lock, self._lock = self._lock, None
        if lock is not None:
            await self._queries.ask_at_once(lambda _: _release(lock))

    async def is_held(self) -> bool:
        """Return whether any process holds the lease. Raises bus.Unavailable."""
        return bool(await self._queries.ask(lambda client: client.exists(self._key)))

    async def _hold(self, client: redis.asyncio.Redis) -> bool:
        if self._lock is not None:
            try:
                return cast("bool", await self._lock.reacquire())
            except LockError:  # this process was frozen for so long that another has it
                self._lock = None
        lock = client.lock(self._key, timeout=KEPT, thread_local=False)
        # Known before Redis answers: the process may stop while the answer is on its way, and
        # release() must give back a lease of which nobody has heard yet.
        lock.local.token = uuid.uuid4().hex.encode()
        self._lock = lock
        if await lock.acquire(blocking=False, token=lock.local.token):
            return True
        self._lock = None
        return False


async def _release(lock: Lock) -> None:
    try:
        await lock.release()
    except LockError:
        return  # another process has taken it meanwhile
