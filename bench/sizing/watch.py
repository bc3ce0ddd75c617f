"""Watch: what processes and servers of Redis use in a window."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from bench import instruments

BEFORE_END = 0.3  # seconds of a stage that are not watched: the next stage opens sockets then


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used a second, and what was held at the end of the window."""

    cpu: dict[str, float]  # µs a second, by process
    memory: dict[str, int]  # bytes that the processes have allocated
    bytes_in: float  # a second, of all masters together
    bytes_out: float
    stored: int  # bytes, of all masters together
    commands: float  # a second, of all masters together


@dataclass(frozen=True, slots=True)
class _Sample:
    at: float
    cpu: dict[str, float]
    bytes_in: int
    bytes_out: int
    commands: int


class Watch:
    """Watches processes by their ids, and masters by clients of theirs."""

    def __init__(self, pids: dict[str, int], masters: list[Any]) -> None:
        self._pids = pids
        self._masters = masters

    def over(self, seconds: float) -> Usage:
        """Return what is used in the next ``seconds``."""
        before = self._sample()
        time.sleep(seconds)
        after = self._sample()
        took = after.at - before.at
        return Usage(
            cpu={name: (after.cpu[name] - before.cpu[name]) / took * 1e6 for name in self._pids},
            memory={name: instruments.memory(pid)[0] for name, pid in self._pids.items()},
            bytes_in=(after.bytes_in - before.bytes_in) / took,
            bytes_out=(after.bytes_out - before.bytes_out) / took,
            stored=sum(one.info("memory")["used_memory"] for one in self._masters),
            commands=(after.commands - before.commands) / took,
        )

    def _sample(self) -> _Sample:
        said = [one.info("stats") for one in self._masters]
        return _Sample(
            time.monotonic(),
            {name: instruments.cpu_seconds(pid) for name, pid in self._pids.items()},
            sum(one["total_net_input_bytes"] for one in said),
            sum(one["total_net_output_bytes"] for one in said),
            sum(one["total_commands_processed"] for one in said),
        )
