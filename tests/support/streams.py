"""A clock that is a number, and a writer that is a list."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from monitor.bus.ring import RingTarget
from monitor.bus.seconds import Heard
from monitor.bus.writer import StreamWriter
from monitor.ingest.stream import TapStream
from monitor.limits import Limits
from monitor.wire import frame
from monitor.wire.frame import Flag

LIMITS = Limits(silent_for=30.0)
CHUNK = 480  # samples, CHUNK_MS = 60
PACKET = 160  # bytes, 20 ms
LOUD = bytes([0x80]) * PACKET  # mu-law, +32124


class Clock:
    """Stands in for the time module."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.set_forward = 0.0  # seconds by which somebody has set the wall clock forward

    def monotonic(self) -> float:
        return self.now

    def time_ns(self) -> int:
        return round((self.now + self.set_forward) * 1e9)


class Sent(NamedTuple):
    position: int
    data: bytes

    @property
    def flags(self) -> Flag:
        return frame.unpack_header(self.data).flags


class Recorder(StreamWriter):
    """A writer that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.ended: list[RingTarget] = []
        self.forgotten: list[int] = []  # since when, in µs
        self.levels: list[dict[str, Any]] = []
        self.packets: list[dict[str, Any] | None] = []
        self.bars: list[tuple[int, str]] = []  # each second with its bars, as pages are sent them
        self.seconds: list[Heard] = []
        self.events: list[dict[str, Any]] = []

    def add_frame(self, target: RingTarget, position: int, data: bytes) -> None:
        self.sent.append(Sent(position, data))

    def add_meters(self, payload: str) -> None:
        batch = json.loads(payload)
        self.levels.append(batch["levels"])
        self.packets.append(batch.get("packets"))
        if "second" in batch:
            self.bars.append((batch["second"], batch["bars"]))

    def add_second(self, payload: str) -> None:
        self.seconds.append(Heard.loads(payload.encode()))

    def add_event(self, payload: str) -> None:
        self.events.append(json.loads(payload))

    def expire_ring(self, target: RingTarget) -> None:
        self.ended.append(target)

    def forget_since(self, target: RingTarget, since: int) -> None:
        self.forgotten.append(since)

    @property
    def pcm(self) -> bytes:
        return b"".join(frame.samples(one.data) for one in self.sent)


def talk(tap: TapStream, clock: Clock, seconds: float, speed: float = 1.0) -> None:
    """Feed packets of 20 ms for some seconds of audio, in real time or faster."""
    for _ in range(round(seconds * 50)):
        clock.now += 0.02 / speed
        tap.feed(LOUD)
