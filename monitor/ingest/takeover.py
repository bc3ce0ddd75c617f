"""Gives a tap's media to a connection, and takes it from the one that holds it if that may be."""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable, Callable

from monitor.audio.g711 import samples_in
from monitor.bus.redis import Unavailable
from monitor.bus.ring import NewestFrame, RingReader
from monitor.concurrency import in_thread
from monitor.services import media

MayReplace = Callable[[media.Busy], Awaitable[bool]]


async def take_media(
    ring: RingReader, tap_id: uuid.UUID, connection: str, may_replace: MayReplace, origin: str = ""
) -> tuple[media.TapMedia, int]:
    """Give a tap's media to a connection; return it and the position where it continues.

    ``may_replace`` decides whether the connection that holds the media is replaced.
    Raises media.Refused.
    """
    connect = in_thread(media.connect)
    try:
        taken = await connect(tap_id, connection, origin=origin)
    except media.Busy as busy:
        if not await may_replace(busy):
            raise
        taken = await connect(tap_id, connection, replacing=busy.holder, origin=origin)
    return taken, await _continue_at(ring, taken) if taken.again else 0


async def seconds_silent(ring: RingReader, tap_id: uuid.UUID, busy: media.Busy) -> float:
    """Return the seconds since a tap last had audio or a new connection; 0 if unknown."""
    now = time.time()
    try:
        newest = await ring.newest(tap_id)
    except Unavailable:
        return 0.0
    received_at = newest.received_at if newest else 0.0
    return now - max(received_at, busy.heard_at.timestamp() if busy.heard_at else 0.0)


async def _continue_at(ring: RingReader, taken: media.TapMedia) -> int:
    """Return the position where a tap's next media connection continues: after the ring's last
    Frame, and not before real time, because what was said between the two connections is lost."""
    now = time.time()
    position = samples_in(now - taken.opened_at.timestamp())
    newest: NewestFrame | None
    try:
        newest = await ring.newest(taken.tap_id)
    except Unavailable:
        newest = None
    if newest:
        lost = samples_in(max(0.0, now - newest.received_at))
        position = max(position, newest.end + lost)
    return max(1, position)
