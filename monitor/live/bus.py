"""Redis streams: their names, publishing to them, and looking into a ring.

    tap:{<id>}:audio   field f: one Frame; the ring, MAXLEN ~ RING_SECONDS
    events             field j: JSON for consoles, a tap as it is now
    meters             field j: JSON, one batch per ingest process and tick
    revocations        field j: JSON, whose rights to look at again

An audio entry's id is its position (``<position>-1``), chosen by us, so a
batch repeated after a lost connection cannot store a frame twice: Redis
refuses an id that is not larger than the last. Everything is a stream, so a
reader that lost its connection resumes from its last id and misses nothing.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import time
import uuid
from collections.abc import Callable
from typing import Any, cast

import redis
import redis.asyncio
from django.conf import settings
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from .episodes import Episodes

logger = logging.getLogger(__name__)

EVENTS = "events"
METERS = "meters"
REVOCATIONS = "revocations"
HEALTH = "healthz"  # a string, not a stream: written to see whether Redis takes writes
HEALTH_KEPT = 60  # seconds
EVENTS_KEPT = 10_000
METERS_KEPT = 50
#: Seconds that an event is kept, for it names a caller. A reader that has lost its connection
#: resumes within this time, or has missed what was forgotten.
EVENTS_KEPT_FOR = 600

AWAY = 5.0  # seconds without trying, after a publish that Redis did not take
TIMEOUT = 2.0  # seconds without an answer before a connection counts as broken

#: What a Redis that is away, frozen or restarted raises.
Unavailable = (RedisError, OSError, TimeoutError, asyncio.TimeoutError)
#: Of these, what a Redis raises that is there, and says why it will not.
_REFUSALS = (redis.ResponseError, redis.AuthenticationError, redis.BusyLoadingError)


#: A stream's entries, as redis-py gives them undecoded; its own types allow more.
Entries = list[tuple[bytes, dict[bytes, bytes]]]


class NotConfigured(RedisError):
    """No REDIS_URL, and no running script/server to take one from."""


def audio_key(tap_id: uuid.UUID) -> str:
    """The ring of a tap. The braces keep a tap's keys on one shard."""
    return f"tap:{{{tap_id}}}:audio"


def redis_url() -> str:
    """Where Redis is.

    Raises NotConfigured, saying what to do, if nothing tells.
    """
    if not settings.REDIS_URL:
        raise NotConfigured("no Redis: set REDIS_URL, or start script/server in this checkout")
    return str(settings.REDIS_URL)


def fresh_client() -> redis.Redis:
    """A client with a new connection: a broken one in a pool would answer for Redis."""
    return redis.Redis.from_url(redis_url(), socket_timeout=TIMEOUT, **_OPTIONS)


def trouble() -> str:
    """Why Redis cannot be used now, or "". Asks by a write: one that has no memory left,
    cannot save or is a replica answers PING, and takes no audio."""
    try:
        with fresh_client() as probe:
            probe.set(HEALTH, "1", ex=HEALTH_KEPT)
    except NotConfigured as error:
        return str(error)
    except _REFUSALS as error:
        return f"refuses writes: {error}"
    except Unavailable:
        return "no answer"
    return ""


#: RESP2, for lists are what we read. No retries, which redis-py's clients of a URL
#: have none of: who writes decides what is still worth sending.
_OPTIONS: dict[str, Any] = {"protocol": 2, "socket_connect_timeout": TIMEOUT}


@functools.cache
def _sync_client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=TIMEOUT, **_OPTIONS)


def client() -> redis.asyncio.Redis:
    """A new asynchronous client; the caller closes it and keeps the time.

    A ``socket_timeout`` would put redis-py's writes into ``asyncio.wait_for``, which
    on Python 3.11 swallows one cancellation in forty; ``asyncio.timeout`` does not.
    """
    return redis.asyncio.Redis.from_url(redis_url(), socket_timeout=None, **_OPTIONS)


def connection() -> AbstractConnection:
    """A new, unconnected connection for a loop that wants one of its own and keeps the time."""
    pool = redis.asyncio.ConnectionPool.from_url(redis_url(), socket_timeout=None, **_OPTIONS)
    return cast("AbstractConnection", pool.make_connection())  # type: ignore[no-untyped-call]


_away_until = 0.0
_failures = Episodes()
#: Taps whose change Redis did not take, to be told again once it is back.
_untold: set[str] = set()


def publish(event: dict[str, Any]) -> None:
    """Tell every process of a change. Synchronous, for the code that commits it.

    The database holds the truth; if Redis is away, the tap is kept in mind,
    and pages learn how it is when Redis is back.
    """
    if not deliver(EVENTS, event) and "tap" in event:
        _untold.add(event["tap"]["id"])


def is_away() -> bool:
    """Has Redis given no answer lately, so that it is not asked again yet?"""
    return time.monotonic() < _away_until


def has_untold() -> bool:
    """Is there a change to be told again, and is Redis asked?"""
    return bool(_untold) and not is_away()


def tell_again(tell: Callable[[str], object]) -> None:
    """Call ``tell`` with each tap to be told again, for as long as Redis takes them.

    A tap for which it raises, as it does while the database is away, stays to be told.
    """
    for tap_id in tuple(_untold):
        _untold.discard(tap_id)
        try:
            tell(tap_id)
        except Exception:
            _untold.add(tap_id)
            raise
        if tap_id in _untold:
            return


def deliver(key: str, message: dict[str, Any]) -> bool:
    """Append a message to a stream; False if Redis should have it, and has not."""
    global _away_until
    if key != REVOCATIONS and is_away():
        return False  # it would hold the thread that all of a process's sockets share
    try:
        _append(key, message)
    except NotConfigured:
        pass  # no Redis, so no server that could want to know
    except redis.TimeoutError:
        # A refusal costs nothing, a Redis that is frozen TIMEOUT each time.
        _away_until = time.monotonic() + AWAY
        _complain(key, "Redis gives no answer")
        return False
    except Unavailable as error:
        _complain(key, str(error))
        return False
    return True


def _append(key: str, message: dict[str, Any]) -> None:
    """Append to a stream, which expires when nothing more comes. Raises Unavailable."""
    with _sync_client(redis_url()).pipeline(transaction=False) as pipe:
        pipe.xadd(key, {"j": json.dumps(message)}, maxlen=EVENTS_KEPT, approximate=True)
        pipe.expire(key, EVENTS_KEPT_FOR)
        answers = pipe.execute(raise_on_error=False)
    # Redis-py itself would write the command into the error, and with it a caller's number.
    for answer in answers:
        if isinstance(answer, RedisError):
            raise answer


def forget_ring(tap_id: uuid.UUID) -> None:
    """Delete what is kept of a tap's audio. If Redis is away, it expires by itself."""
    try:
        _sync_client(redis_url()).delete(audio_key(tap_id))
    except Unavailable as error:
        logger.warning("the audio of tap %s is not deleted: %s", tap_id, error)


def forget_old_events(now: float | None = None) -> None:
    """Delete the events that are older than EVENTS_KEPT_FOR. While new ones keep coming, the
    stream as a whole never expires."""
    oldest = (time.time() if now is None else now) - EVENTS_KEPT_FOR
    try:
        _sync_client(redis_url()).xtrim(EVENTS, minid=f"{int(oldest * 1000)}-0", approximate=False)
    except Unavailable as error:
        logger.warning("old events are not deleted yet: %s", error)


def _complain(key: str, why: str) -> None:
    """Log why something was not published; not for each of a row."""
    if _failures.begins(f"{key}: {why}"):
        logger.warning("%s not published: %s", key, why)


async def ring(redis_client: redis.asyncio.Redis, tap_id: uuid.UUID, seconds: float) -> list[bytes]:
    """The last ``seconds`` of a tap's ring as Frames, oldest first."""
    key = audio_key(tap_id)
    last: Entries = await redis_client.xrevrange(key, count=1)  # type: ignore[assignment]
    if not last:
        return []
    start = position_of(last[0][0]) - int(seconds * 8000)
    entries: Entries = await redis_client.xrange(  # type: ignore[assignment]
        key, min=f"{max(0, start)}-0"
    )
    return [fields[b"f"] for _, fields in entries]


async def newest(redis_client: redis.asyncio.Redis, tap_id: uuid.UUID) -> tuple[int, bytes] | None:
    """The last Frame of a tap's ring and its position, which has not wrapped."""
    entries: Entries = await redis_client.xrevrange(  # type: ignore[assignment]
        audio_key(tap_id), count=1
    )
    return (position_of(entries[0][0]), entries[0][1][b"f"]) if entries else None


def position_of(entry_id: bytes) -> int:
    """The position that an audio entry's id is made of."""
    return int(entry_id.partition(b"-")[0])
