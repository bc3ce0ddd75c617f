"""Audio goes on in a cluster whose nodes die, whose slots move and whose links are cut."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from monitor.bus.keys import ALERTS, EVENTS
from monitor.bus.lease import Lease
from monitor.bus.metrics import MetricsReporter, read_metrics
from monitor.bus.publish import Publisher, forget_old_events
from monitor.bus.redis import find_trouble, redis_url, shared_client
from monitor.bus.ring import forget_ring
from monitor.bus.server_checks import dangers
from monitor.telemetry.metrics import Metrics
from tests.support.bus import open_queries, ring_reader
from tests.support.failover import Talk, all_hear, talking
from tests.support.valkeys import Cluster, ClusterNode, Migration
from tests.support.waiting import until

TAPS = 24  # which are in most of the lanes
FAILS_OVER_WITHIN = 10.0  # seconds
BACK_WITHIN = 2.0  # seconds after a replica was promoted, or after anything else


@pytest.fixture(scope="module")
def _cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def cluster(_cluster: Cluster, settings: Settings) -> Cluster:
    """The cluster of the module, well and with a replica for each master."""
    _cluster.mend()
    settings.REDIS_URL = _cluster.url
    return _cluster


def at(talks: list[Talk], cluster: Cluster, node: ClusterNode) -> list[Talk]:
    """Return the talks whose taps a node has."""
    return [one for one in talks if cluster.master_of(one.tap.key) is node]


async def test_taps_of_all_nodes_are_heard_whole(cluster: Cluster) -> None:
    async with talking(TAPS) as talks:
        assert all(at(talks, cluster, node) for node in cluster.masters)
        await asyncio.sleep(0.3)
        async with ring_reader() as ring:
            assert len(await ring.last_seconds(talks[0].tap.id, 0.5)) > 5
    assert [one.assert_told_of_every_loss() for one in talks] == [0] * TAPS


async def test_a_killed_node_is_replaced_by_its_replica_and_disturbs_no_other(
    cluster: Cluster,
) -> None:
    async with talking(TAPS) as talks:
        dead = cluster.master_of(talks[0].tap.key)
        replica = cluster.replica_of(dead)
        hit = at(talks, cluster, dead)
        others = [one for one in talks if one not in hit]
        dead.kill()
        await all_hear(others, BACK_WITHIN)
        await until(lambda: replica.is_master, FAILS_OVER_WITHIN)
        await all_hear(talks, BACK_WITHIN)
    for one in hit:
        one.assert_told_of_every_loss()
    assert [one.assert_told_of_every_loss() for one in others] == [0] * len(others)


async def test_a_frozen_node_is_replaced_by_its_replica_and_returns_as_one(
    cluster: Cluster,
) -> None:
    async with talking(TAPS) as talks:
        frozen = cluster.master_of(talks[0].tap.key)
        replica = cluster.replica_of(frozen)
        hit = at(talks, cluster, frozen)
        others = [one for one in talks if one not in hit]
        frozen.freeze()
        try:
            await all_hear(others, BACK_WITHIN)
            await until(lambda: replica.is_master, FAILS_OVER_WITHIN)
            await all_hear(talks, BACK_WITHIN)
        finally:
            frozen.thaw()
        await until(lambda: not frozen.is_master, FAILS_OVER_WITHIN)
        await all_hear(talks, BACK_WITHIN)
    for one in hit:
        one.assert_told_of_every_loss()
    assert [one.assert_told_of_every_loss() for one in others] == [0] * len(others)


async def test_a_replica_that_is_promoted_by_hand_costs_nothing(cluster: Cluster) -> None:
    async with talking(TAPS) as talks:
        replica = cluster.replica_of(cluster.master_of(talks[0].tap.key))
        replica.client.execute_command("CLUSTER FAILOVER")
        await until(lambda: replica.is_master, FAILS_OVER_WITHIN)
        await all_hear(talks, BACK_WITHIN)
    assert [one.assert_told_of_every_loss() for one in talks] == [0] * TAPS


async def test_a_slot_that_is_moved_key_by_key_costs_nothing(cluster: Cluster) -> None:
    async with talking(2 * TAPS) as talks:
        key = talks[0].tap.key
        migration = Migration(cluster, key)
        migration.begin()
        await all_hear(talks, BACK_WITHIN)
        migration.move(1)
        await all_hear(talks, BACK_WITHIN)
        migration.end()
        await all_hear(talks, BACK_WITHIN)
        assert cluster.master_of(key) is migration.target
    assert [one.assert_told_of_every_loss() for one in talks] == [0] * len(talks)


async def test_cut_links_cost_nothing(cluster: Cluster) -> None:
    async with talking(TAPS) as talks:
        for _ in range(5):
            for node in cluster.nodes:
                node.client.client_kill_filter(_type="normal", skipme=True)
            await all_hear(talks, BACK_WITHIN)
    assert [one.assert_told_of_every_loss() for one in talks] == [0] * TAPS


async def test_leases_metrics_and_events_work_as_with_one_server(cluster: Cluster) -> None:
    metrics = Metrics()
    metrics.dropped.add(3, "Redis away")
    async with open_queries() as queries:
        lease, other = Lease(queries, ALERTS), Lease(queries, ALERTS)
        assert await lease.hold()
        assert not await other.hold()
        assert await lease.hold()
        await lease.release()
        await MetricsReporter(metrics, queries).report()
    assert read_metrics().totals["dropped|Redis away"] == 3
    Publisher().publish({"type": "note"})
    assert shared_client(redis_url()).xlen(EVENTS) == 1
    forget_old_events(now=4e9)
    assert shared_client(redis_url()).xlen(EVENTS) == 0


async def test_a_ring_is_forgotten_wherever_it_is(cluster: Cluster) -> None:
    async with talking(1) as [talk]:
        pass
    forget_ring(talk.tap.id)
    assert not shared_client(redis_url()).exists(talk.tap.key)


def test_health_asks_every_node(cluster: Cluster) -> None:
    assert find_trouble() == ""
    for node in cluster.masters:
        node.client.config_set("maxmemory", 1)
        assert find_trouble().startswith("refuses writes: ")
        node.client.config_set("maxmemory", 0)
    assert find_trouble() == ""


def test_every_nodes_configuration_is_checked(cluster: Cluster) -> None:
    assert [one.id for one in dangers()] == ["monitor.W006"]
    node = cluster.nodes[4]
    node.client.config_set("save", "3600 1")
    assert [one.id for one in dangers()] == ["monitor.E005", "monitor.W006"]
    node.client.config_set("save", "")


def test_a_server_that_is_no_cluster_is_named(settings: Settings) -> None:
    settings.REDIS_URL = settings.REDIS_URL.replace("redis://", "redis+cluster://")
    assert find_trouble() == "no answer"
