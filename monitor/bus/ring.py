"""A tap's ring: the last seconds of its audio, how it is stored, read back, and expires."""

from __future__ import annotations

import datetime
import logging
import math
import uuid
from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

import redis.asyncio
from django.conf import settings

from monitor.audio.g711 import samples_in
from monitor.bus.connection import bulk, pack
from monitor.bus.keys import audio_key, lane_of, position_of
from monitor.bus.queries import Queries
from monitor.bus.redis import Entries, Unavailable, redis_url, shared_client
from monitor.bus.timing import frames_in
from monitor.wire import frame

logger = logging.getLogger(__name__)

KEPT_AFTER_END = 60  # seconds for which a ring outlives its tap
#: Seconds after which a ring expires unless it is renewed, so that a crash leaves no key behind.
KEPT_UNRENEWED = 120
RENEW_EVERY = 10.0  # seconds between two renewals while audio flows
EPOCH = datetime.datetime.fromtimestamp(0, datetime.UTC)


class RingTarget:
    """The ring of one tap as the writer sees it: its key, and what was lost on the way to it."""

    __slots__ = (
        "_xadd",
        "confirmed",
        "connected_at",
        "dropped",
        "gap_due",
        "key",
        "lane",
        "renewed_at",
    )

    def __init__(self, tap_id: uuid.UUID) -> None:
        self.key = audio_key(tap_id)
        self.lane = lane_of(tap_id)
        frames = settings.RING_SECONDS * 1000 // settings.CHUNK_MS
        words = (b"XADD", self.key.encode(), b"MAXLEN", b"~", b"%d" % frames)
        self._xadd = b"*8\r\n" + b"".join(map(bulk, words))  # the part that never changes
        self.confirmed = -1  # the position of the last Frame that Redis has confirmed
        self.dropped = 0  # Frames lost since the tap's stream last took this number
        self.gap_due = False  # whether the next Frame must be flagged with GAP
        self.connected_at = -math.inf  # monotonic seconds: of the connection that wrote last
        self.renewed_at = -math.inf  # monotonic seconds: when the ring's expiry was last renewed

    def xadd(self, position: int, data: bytes) -> bytes:
        """Return the packed command that stores a Frame."""
        entry_id = b"%d-1" % position
        parts = (self._xadd, len(entry_id), entry_id, len(data), data)
        return b"%b$%d\r\n%b\r\n$1\r\nf\r\n$%d\r\n%b\r\n" % parts

    def newest(self) -> bytes:
        """Return the packed command that asks for the ring's last entry."""
        return pack("XREVRANGE", self.key, "+", "-", "COUNT", 1)

    def missing(self, newest: list[Any]) -> int:
        """Return how many confirmed Frames lie behind the ring's last entry."""
        found = position_of(newest[0][0]) if newest else -1
        if found >= self.confirmed:
            return 0
        chunk = samples_in(settings.CHUNK_MS / 1000)
        return min(-(-(self.confirmed - found) // chunk), frames_in(settings.RING_SECONDS))

    def renew(self, now: float) -> bytes:
        """Return the packed command that keeps the ring for another KEPT_UNRENEWED seconds."""
        self.renewed_at = now
        return pack("EXPIRE", self.key, KEPT_UNRENEWED)

    def forget_since(self, since: int) -> bytes:
        """Return the packed command that deletes what was received since then, in microseconds."""
        return pack("EVAL", _FORGET_SINCE, 1, self.key, since)

    def expire(self) -> bytes:
        """Return the packed command that keeps the ring for KEPT_AFTER_END seconds only."""
        return pack("EXPIRE", self.key, KEPT_AFTER_END)


#: Deletes the audio at the end of a ring that was received since a moment, but no masked Frames.
#: Of a Frame's header it reads the flags and ``received_at``.
_FORGET_SINCE = """
local before = '+'
while true do
  local entries = redis.call('XREVRANGE', KEYS[1], before, '-', 'COUNT', 50)
  for _, entry in ipairs(entries) do
    local data = entry[2][2]
    if struct.unpack('<I8', data, 9) < tonumber(ARGV[1]) then return end
    local is_masked = bit.band(struct.unpack('<I2', data, 3), 2) ~= 0
    if not is_masked then redis.call('XDEL', KEYS[1], entry[1]) end
  end
  if #entries < 50 then return end
  before = '(' .. entries[#entries][1]
end
"""


def forget_since(tap_ids: Iterable[uuid.UUID], since: datetime.datetime) -> None:
    """Delete what was received of some taps since a moment. If Redis is away, the processes that
    receive the taps do so when it is back."""
    try:
        for tap_id in tap_ids:
            shared_client(redis_url()).eval(_FORGET_SINCE, 1, audio_key(tap_id), in_micros(since))
    except Unavailable as error:
        logger.warning("what was said since a pause is not deleted yet: %s", error)


def in_micros(at: datetime.datetime) -> int:
    """Return a moment as Frames have it: in microseconds of Unix time."""
    return (at - EPOCH) // datetime.timedelta(microseconds=1)


def forget_ring(tap_id: uuid.UUID) -> None:
    """Delete a tap's ring. If Redis is away, the ring expires by itself."""
    try:
        shared_client(redis_url()).delete(audio_key(tap_id))
    except Unavailable as error:
        logger.warning("the audio of tap %s is not deleted yet: %s", tap_id, error)


class NewestFrame(NamedTuple):
    """Where a tap's last Frame lies, and when its audio was received."""

    position: int  # in samples, unwrapped
    end: int  # the position of the audio that follows it
    received_at: float  # Unix time in seconds


class RingReader:
    """Reads the rings of all taps."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    async def last_seconds(self, tap_id: uuid.UUID, seconds: float) -> list[bytes]:
        """Return the last ``seconds`` of a tap's audio as Frames, oldest first.

        Raises bus.Unavailable.
        """
        return await self._queries.ask(partial(_last_seconds, audio_key(tap_id), seconds))

    async def newest(self, tap_id: uuid.UUID) -> NewestFrame | None:
        """Return where a tap's last Frame lies, or None if its ring is empty.

        Raises bus.Unavailable.
        """
        return await self._queries.ask(partial(_newest, audio_key(tap_id)))


async def _last_seconds(key: str, seconds: float, client: redis.asyncio.Redis) -> list[bytes]:
    newest = await _newest(key, client)
    if newest is None:
        return []
    start = newest.position - samples_in(seconds)
    entries: Entries = await client.xrange(key, min=f"{max(0, start)}-0")  # type: ignore[assignment]
    return [fields[b"f"] for _, fields in entries]


async def _newest(key: str, client: redis.asyncio.Redis) -> NewestFrame | None:
    entries: Entries = await client.xrevrange(key, count=1)  # type: ignore[assignment]
    if not entries:
        return None
    entry_id, fields = entries[0]
    position, data = position_of(entry_id), fields[b"f"]
    received_at = frame.unpack_header(data).received_at / 1e6
    return NewestFrame(position, position + frame.sample_count(data), received_at)
