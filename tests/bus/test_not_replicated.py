"""A server takes the place of another one, and lacks the last Frames that it had confirmed."""

from __future__ import annotations

import redis

from monitor.bus.writer import StreamWriter
from monitor.telemetry.metrics import Metrics
from monitor.wire.frame import Flag
from tests.support.valkey import Tap, running
from tests.support.waiting import until


async def test_confirmed_frames_that_a_promoted_replica_lacks_are_counted_and_flagged(
    store: redis.Redis,
) -> None:
    """The connection leads to a server that has not had the last Frames of one tap."""
    metrics = Metrics()
    async with running(StreamWriter(metrics)) as writer:
        tap, other = Tap(writer), Tap(writer)
        for one in (tap, other):
            one.say(10)
        await until(lambda: other.last_stored(store) == other.said[-1])
        store.xdel(tap.key, *(f"{position}-1" for position in tap.said[-3:]))
        store.client_kill_filter(_type="normal", skipme=True)
        for one in (tap, other):
            one.say(2)
        await until(lambda: other.last_stored(store) == other.said[-1])
    flags = [header.flags for header in tap.headers(store)]
    assert tap.stored(store) == [*tap.said[:7], *tap.said[10:]]
    assert flags == [*[Flag.NONE] * 7, Flag.GAP, Flag.NONE]
    assert {header.flags for header in other.headers(store)} == {Flag.NONE}
    assert (tap.target.dropped, other.target.dropped) == (3, 0)
    assert metrics.take()["dropped|not replicated"] == 3
