"""What goes between the bench and its load generator: a plan in, readings out, as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Self

FRAME = 160  # samples, and bytes of G.711, of 20 ms
FRAME_SECONDS = 0.02
PCM_FRAME = 2 * FRAME  # bytes of 20 ms as s16le


@dataclass(frozen=True, slots=True)
class Stage:
    """How many sockets are open, and how long they are watched.

    Stages add sockets; of what an earlier one opened only consoles may leave.
    """

    name: str
    taps: int
    listeners: int = 0
    consoles: int = 0
    deaf: int = 0  # listeners that never read
    settle: float = 1.0  # seconds before the window
    measure: float = 1.0  # seconds of the window


@dataclass(frozen=True, slots=True)
class Ear:
    """One listener: which tap (its index), and how it is let in."""

    tap: int
    path: str
    cookie: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the generator is told."""

    port: int
    server_pid: int
    redis_pid: int | None
    core: int | None  # the generator pins itself here
    taps: list[str]  # paths, or rtp:// uris
    ears: list[Ear]
    consoles: list[str]  # cookies
    stages: list[Stage]
    header: int = 0  # bytes before the samples of a message
    greeting: bool = False  # a listener is in when its hello has come, and acknowledges
    at_once: int = 16  # handshakes
    deaf: list[Ear] = field(default_factory=list)

    def dumps(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> Self:
        raw = json.loads(text)
        for key in ("ears", "deaf"):
            raw[key] = [Ear(**one) for one in raw[key]]
        raw["stages"] = [Stage(**one) for one in raw["stages"]]
        return cls(**raw)


@dataclass(slots=True)
class Reading:
    """What was seen in one window."""

    name: str
    taps: int
    listeners: int
    consoles: int
    seconds: float = 0.0
    server_cpu: float = 0.0  # seconds, user and system, all threads
    server_waited: float = 0.0  # seconds that its main thread wanted its core in vain
    redis_cpu: float = 0.0
    generator_cpu: float = 0.0
    frames_in: int = 0  # 20 ms each
    units_out: int = 0  # 20 ms each, over all listeners
    bytes_out: int = 0
    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    garbled: int = 0  # no mark, another tap's mark, or a position that is not the mark's
    gone: int = 0  # sockets that the server had closed by then
    allocated: int = 0  # bytes, of the server
    rss: int = 0
    late_ms: float = 0.0  # the longest that the generator was behind its schedule
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    max_ms: float = 0.0
    silence_ms: float = 0.0  # the longest between two messages to a listener
    resumed_at: float = 0.0  # monotonic seconds: the last listener heard again after over 0.5 s
    joined_ms: float = 0.0  # until all its new listeners had audio; -1 if some never had


@dataclass(slots=True)
class Readings:
    """What the generator answers."""

    stages: list[Reading] = field(default_factory=list)
    never_came: int = 0  # 20 ms units sent, and not delivered a second after the last was
    failure: str = ""
    sent: list[int] = field(default_factory=list)  # frames, by tap
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
        """The reading of a stage by its name."""
        return next(one for one in self.stages if one.name == name)
