"""The first message to a listener: what it will hear, and the tap's present state."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings

from monitor import staticfiles
from monitor.audio import g711
from monitor.fanout.floor import Floor
from monitor.services import openings


def hello(
    listen: openings.OpenedListen, tap: dict[str, Any], stalled: bool, position: int
) -> dict[str, Any]:
    """Return the hello message. The listener's audio begins after ``position``."""
    return {
        "type": "hello",
        "build": staticfiles.build(),
        "come_back_ms": settings.COME_BACK_MS,
        "tap": tap,
        "rate": g711.SAMPLE_RATE,
        "channels": 1,
        "leg": listen.direction,
        "state": tap["state"],
        "stalled": stalled,
        "position": position,
    }


async def is_stalled(listen: openings.OpenedListen, floor: Floor) -> bool:
    """Tell whether a tap with open media has brought no audio lately.

    Raises bus.Unavailable.
    """
    newest = await floor.newest_frame(listen.tap_id)
    opened_at = listen.media_opened_at
    opened = opened_at.timestamp() if opened_at else time.time()
    heard = newest.received_at if newest else opened
    return time.time() - heard > floor.limits.stall
