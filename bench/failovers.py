"""Failovers: has servers that stand in for one another die, be promoted and moved under load."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import rows, state
from bench.faults import CHUNK, CUTS, STARTS_WITHIN, TAPS, Faults
from bench.plan import Stage
from tests.support.valkeys import Cluster, Migration, SentinelGroup, wait_for

MEASURE = 12.0  # seconds
BACK_WITHIN = 2000  # ms after the failover
PER_FRAME = CHUNK // 20  # units of 20 ms
LENGTH = 200.0  # seconds for one server, at most
MOVES_FOR = 2.0  # seconds in which a slot is at two nodes


class Failovers(Faults):
    """Makes the faults of a Sentinel group and of a cluster, which it starts itself."""

    def faults(self) -> dict[str, Callable[[], None]]:
        return {
            "Sentinel, the master killed": self._master_killed,
            "cluster, a node killed": self._node_killed,
            "cluster, a replica promoted": self._replica_promoted,
            "cluster, a slot moved": self._slot_moved,
            f"cluster, all connections cut {CUTS} times": self._links_cut,
        }

    def _master_killed(self) -> None:
        with _sentinels() as group, self._window() as running:
            began = time.monotonic()
            group.master.kill()
            wait_for(lambda: group.promoted)
            self._settle(running, began, lossless=False)

    def _node_killed(self) -> None:
        with _cluster() as cluster, self._window() as running:
            dead = cluster.master_of(_key(running))
            replica = cluster.replica_of(dead)
            began = time.monotonic()
            dead.kill()
            wait_for(lambda: replica.is_master)
            self._settle(running, began, lossless=False)

    def _replica_promoted(self) -> None:
        with _cluster() as cluster, self._window() as running:
            replica = cluster.replica_of(cluster.master_of(_key(running)))
            began = time.monotonic()
            replica.client.execute_command("CLUSTER FAILOVER")
            wait_for(lambda: replica.is_master)
            self._settle(running, began, lossless=True)

    def _slot_moved(self) -> None:
        with _cluster() as cluster, self._window() as running:
            migration = Migration(cluster, _key(running))
            began = time.monotonic()
            migration.begin()
            time.sleep(MOVES_FOR / 2)
            migration.move(1)
            time.sleep(MOVES_FOR / 2)
            migration.end()
            self._settle(running, began, lossless=True)

    def _links_cut(self) -> None:
        with _cluster() as cluster, self._window() as running:
            began = time.monotonic()
            for _ in range(CUTS):
                for node in cluster.nodes:
                    node.client.client_kill_filter(_type="normal", skipme=True)
                time.sleep(1)
            self._settle(running, began, lossless=True)

    @contextlib.contextmanager
    def _window(self) -> Iterator[rows.Running]:
        """Put the server under load, and begin one second into what is measured."""
        with self._under([Stage("fault", TAPS, TAPS, settle=2, measure=MEASURE)]) as running:
            running.load.window("fault", STARTS_WITHIN)
            time.sleep(1)
            yield running

    def _settle(self, running: rows.Running, began: float, *, lossless: bool) -> None:
        """Add the figures of a fault that lasted from ``began`` to now."""
        ended = time.monotonic()
        readings = self._readings(running)
        dropped = state.dropped()
        [seen] = readings.stages
        lost = seen.lost + readings.never_came
        took = round((ended - began) * 1000)
        self._add("the fault took, ms", took)
        self._add("sockets closed", seen.gone, 0)
        limit = 300 + CHUNK if lossless else took + BACK_WITHIN
        self._add("longest silence, ms", seen.silence_ms, limit)
        if not lossless:
            again = max(0, round((seen.resumed_at - ended) * 1000))
            self._add("heard again after that, ms", again, BACK_WITHIN)
        self._add("Frames counted as dropped", dropped)
        self._add("20 ms lost and not counted", max(0, lost - PER_FRAME * dropped), 0)
        self._add_units(readings, limit=0 if lossless else None)


def _key(running: rows.Running) -> str:
    """Return the key of the first tap's ring."""
    from monitor.bus.keys import audio_key

    return audio_key(uuid.UUID(running.tap_ids[0]))


@contextlib.contextmanager
def _sentinels() -> Iterator[SentinelGroup]:
    with TemporaryDirectory() as directory:
        group = SentinelGroup(Path(directory))
        with _started(group):
            yield group


@contextlib.contextmanager
def _cluster() -> Iterator[Cluster]:
    with TemporaryDirectory() as directory:
        cluster = Cluster(Path(directory))
        with _started(cluster):
            yield cluster


@contextlib.contextmanager
def _started(servers: SentinelGroup | Cluster) -> Iterator[None]:
    try:
        servers.start()
        with state.redis_at(servers.url):
            yield
    finally:
        servers.stop()
