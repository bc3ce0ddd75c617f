"""Plan and Readings: what the benchmark and its load generator exchange as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Self

UNIT = 160  # samples, and bytes of G.711, in a unit of 20 ms
UNIT_SECONDS = 0.02
PCM_UNIT = 2 * UNIT  # bytes of a unit in s16le


@dataclass(frozen=True, slots=True)
class Stage:
    """How many sockets are open, and for how long they are watched.

    Each stage adds sockets. Of those that an earlier stage opened, only consoles may leave.
    """

    name: str
    taps: int
    listeners: int = 0
    consoles: int = 0
    non_reading: int = 0  # listeners that never read
    settle: float = 1.0  # seconds before the window
    measure: float = 1.0  # seconds of the window


@dataclass(frozen=True, slots=True)
class Listener:
    """One listener: the index of its tap, and its request."""

    tap: int
    path: str
    cookie: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that the generator needs to know."""

    port: int
    server_pid: int
    redis_pid: int | None
    core: int | None  # the generator pins itself here
    taps: list[str]  # paths, or rtp:// uris
    listeners: list[Listener]
    consoles: list[str]  # cookies
    stages: list[Stage]
    header: int = 0  # bytes before the samples of a message
    greeting: bool = False  # whether a listener is sent a hello, and acknowledges
    at_once: int = 16  # sockets that are opened at the same time
    listen_port: int = 0  # of listeners and consoles, if they go to another server than the taps
    non_reading: list[Listener] = field(default_factory=list)

    def dumps(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> Self:
        raw = json.loads(text)
        for key in ("listeners", "non_reading"):
            raw[key] = [Listener(**one) for one in raw[key]]
        raw["stages"] = [Stage(**one) for one in raw["stages"]]
        return cls(**raw)


@dataclass(slots=True)
class Reading:
    """What was measured in one window."""

    name: str
    taps: int
    listeners: int
    consoles: int
    seconds: float = 0.0
    server_cpu: float = 0.0  # seconds, user and system, all threads
    server_waited: float = 0.0  # seconds in which its main thread was ready but had no core
    redis_cpu: float = 0.0
    generator_cpu: float = 0.0
    units_in: int = 0
    units_out: int = 0  # over all listeners
    bytes_out: int = 0
    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    garbled: int = 0  # no tag, another tap's tag, or another position than the tag's
    gone: int = 0  # sockets that the server had closed by the end of the window
    allocated: int = 0  # bytes, of the server
    rss: int = 0
    late_ms: float = 0.0  # the most by which the generator missed its schedule
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    max_ms: float = 0.0
    silence_ms: float = 0.0  # the longest between two messages to a listener
    resumed_at: float = 0.0  # monotonic seconds: when the last interruption of over 0.5 s ended
    joined_ms: float = 0.0  # until all new listeners of the stage had audio; -1 if some never had


@dataclass(slots=True)
class Readings:
    """What the generator returns."""

    stages: list[Reading] = field(default_factory=list)
    never_came: int = 0  # units that were not delivered a second after the last was sent
    failure: str = ""
    sent: list[int] = field(default_factory=list)  # units, by tap
    refused: int = 0  # datagrams that nobody received
    codes: dict[str, int] = field(default_factory=dict)  # of the sockets the server closed

    def dumps(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> Self:
        raw = json.loads(text)
        raw["stages"] = [Reading(**one) for one in raw["stages"]]
        return cls(**raw)

    def stage(self, name: str) -> Reading:
        """Return the reading of a stage."""
        return next(one for one in self.stages if one.name == name)
