"""A master dies under audio, and the Sentinels promote its replica."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from monitor.bus.keys import EVENTS
from monitor.bus.publish import Publisher
from monitor.bus.redis import find_trouble
from tests.support.bus import open_queries
from tests.support.failover import all_hear, talking
from tests.support.valkeys import SentinelGroup, wait_for
from tests.support.waiting import until

FAILS_OVER_WITHIN = 10.0  # seconds
BACK_WITHIN = 2.0  # seconds after the replica was promoted


@pytest.fixture
def group(tmp_path: Path, settings: Settings) -> Iterator[SentinelGroup]:
    group = SentinelGroup(tmp_path)
    settings.REDIS_URL = group.url
    try:
        group.start()
        yield group
    finally:
        group.stop()


async def test_a_master_that_dies_under_audio_is_replaced_by_its_replica(
    group: SentinelGroup,
) -> None:
    async with open_queries() as queries, talking(5) as talks:
        group.master.kill()
        await until(lambda: group.promoted, FAILS_OVER_WITHIN)
        await all_hear(talks, BACK_WITHIN)
        assert await queries.ask(lambda client: client.dbsize()) >= len(talks)
        await all_hear(talks, BACK_WITHIN)
    for one in talks:
        one.assert_told_of_every_loss()


def test_publishing_and_health_follow_the_master(group: SentinelGroup) -> None:
    publisher = Publisher()
    publisher.publish({"type": "first"})
    assert find_trouble() == ""
    group.master.kill()
    assert find_trouble() == "no answer"
    wait_for(lambda: group.promoted, FAILS_OVER_WITHIN)
    wait_for(lambda: find_trouble() == "", BACK_WITHIN)
    publisher.publish({"type": "second"})
    assert group.replica.client.xlen(EVENTS) == 2
