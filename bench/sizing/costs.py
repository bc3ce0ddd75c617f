"""Costs: what one of each takes, as it was measured. CPU is in µs a second, and the rest in bytes.

A million µs a second are one core.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

MEASURED = Path(__file__).parent / "measured.json"


@dataclass(frozen=True, slots=True)
class Line:
    """A cost that grows with a number: of the taps that a list shows, say."""

    fixed: float
    each: float

    def at(self, number: float) -> float:
        return self.fixed + self.each * number

    @classmethod
    def through(cls, first: tuple[float, float], second: tuple[float, float]) -> Self:
        """Return the line through two points. No cost becomes less."""
        (low, at_low), (high, at_high) = first, second
        each = max(0.0, (at_high - at_low) / (high - low))
        return cls(max(0.0, at_low - each * low), each)


@dataclass(frozen=True, slots=True)
class Audio:
    """What audio costs: at one server of Redis, or at a cluster of three masters together."""

    worker: float  # a web worker with taps, whatever their number
    listening: float  # a web worker without taps
    tap: float  # a tap, in its worker
    heard: float  # a tap that is heard, in the worker of its listeners
    listener: float
    redis_worker: float  # a process, at Redis
    redis_tap: float
    redis_heard: float
    replica_tap: float  # at the replica of a tap's master
    tap_in: float  # bytes a second to Redis
    tap_out: float
    heard_in: float
    heard_out: float
    listener_wire: float  # bytes a second to a listener
    tap_memory: float  # bytes of the worker
    listener_memory: float


@dataclass(frozen=True, slots=True)
class Lists:
    """What consoles cost their worker, by the taps of the floor."""

    first: Line  # that a worker has consoles at all
    console: Line  # each of them
    first_wire: Line  # bytes a second from Redis to a worker that has consoles
    console_wire: float  # bytes a second to a console, of each tap that it shows
    console_memory: float


@dataclass(frozen=True, slots=True)
class Costs:
    """All that was measured."""

    one: Audio  # with one server of Redis
    cluster: Audio  # with a cluster of three
    everything: Lists  # consoles that show all taps
    team: Lists  # consoles that show 50 of them
    rtp_process: float  # whatever its number of taps
    rtp_tap: float
    rtp_memory: float
    rtp_idle_memory: float  # a tap with a port and without audio
    rtp_base_memory: float
    idle_tap: float  # a WebSocket without audio
    idle_memory: float
    tap_begins: float  # µs of a worker for a tap that begins
    worker_memory: float  # bytes that a worker without sockets has allocated
    frame_memory: float  # bytes of Redis for a Frame in a ring
    node_taps: float  # taps that one node carries, a third of which are heard
    node_share: float  # of its core, at that
    pump_share: float  # of a core, of the process that wrote and read them

    def dumps(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=1) + "\n"

    @classmethod
    def loads(cls, text: str) -> Self:
        raw: dict[str, Any] = json.loads(text)
        for name in ("one", "cluster"):
            raw[name] = Audio(**raw[name])
        for name in ("everything", "team"):
            lists = raw[name]
            for line in ("first", "console", "first_wire"):
                lists[line] = Line(**lists[line])
            raw[name] = Lists(**lists)
        return cls(**raw)
