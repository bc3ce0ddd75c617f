"""Faults made on purpose under load, at real times, and what came of them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

from . import gauge, people, rows
from .ground import Ground, NotStarted
from .plan import Readings, Stage
from .targets import verdict

Figures = dict[str, Any]

TAPS = 20  # a listener each
CHUNK = 60  # ms
AWAY = 5.0  # seconds that Redis does not answer
CUTS = 5
GOOD_EARS = 49
RUSH = 200
STARTS_WITHIN = 60.0  # seconds
ENDS_WITHIN = 60.0
LENGTH = 200.0  # seconds for one server, at most

FAILURES = (rows.Failed, NotStarted, subprocess.SubprocessError, OSError)


class Faults:
    """All of them on one server."""

    def __init__(self, ground: Ground, server: str, say: Callable[[str], None]) -> None:
        self._ground = ground
        self._row = rows.named(server)
        self._say = say
        self._fault = ""
        self.figures: list[Figures] = []
        self.skipped: list[str] = []

    def run(self) -> None:
        faults = {
            f"connections to Redis cut {CUTS} times": self._cut,
            f"Redis paused for {AWAY:.0f} s": lambda: self._away(self._paused),
            f"Redis stopped for {AWAY:.0f} s": lambda: self._away(self._stopped),
            "a listener that never reads": self._deaf,
            "SIGTERM": self._terminated,
            f"{RUSH} listeners at once": self._rush,
        }
        for self._fault, act in faults.items():
            self._say(f"{self._row.name}: {self._fault}")
            try:
                act()
            except FAILURES as error:
                self.skipped.append(f"{self._fault} on {self._row.name}: {error}")

    def _cut(self) -> None:
        with self._under([Stage("cut", TAPS, TAPS, settle=2, measure=8)]) as running:
            running.load.window("cut", STARTS_WITHIN)
            for _ in range(CUTS):
                time.sleep(1)
                people.disconnect()
            readings = self._readings(running)
        self._heard(readings, limit=0)
        self._add("longest silence, ms", readings.stages[-1].silence_ms, 300 + CHUNK)

    def _away(self, make: Callable[[], contextlib.AbstractContextManager[None]]) -> None:
        """Audio waits 3 s for Redis, then the oldest is dropped: that is counted, not forbidden."""
        stages = [Stage("away", TAPS, TAPS, settle=2, measure=AWAY + 7)]
        with self._under(stages) as running:
            running.load.window("away", STARTS_WITHIN)
            time.sleep(1)
            before = gauge.memory(running.server.pid)[0]
            with make():
                peak = self._peak(running, AWAY)
            back = time.monotonic()
            peak = max(peak, self._peak(running, 4))
            readings = self._readings(running)
            dropped = people.dropped()
        seen = readings.stages[-1]
        self._add("sockets closed", seen.gone, 0)
        self._add("memory growth per tap, MB", round((peak - before) / TAPS / 1e6, 3), 1)
        # A moment before is after the thaw as well: the pause began before it was waited for.
        again = max(0, round((seen.resumed_at - back) * 1000))
        resumed = seen.resumed_at > back - 1
        self._add("heard again after, ms", again if resumed else None, 1000)
        self._add("Frames counted as dropped", dropped)
        self._heard(readings, limit=None)

    @contextlib.contextmanager
    def _paused(self) -> Iterator[None]:
        people.pause(AWAY)
        yield

    @contextlib.contextmanager
    def _stopped(self) -> Iterator[None]:
        os.kill(self._ground.redis_pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._ground.redis_pid, signal.SIGCONT)

    def _deaf(self) -> None:
        stages = [
            Stage("without", 1, GOOD_EARS, settle=2, measure=8),
            Stage("with", 1, GOOD_EARS, deaf=1, settle=0, measure=14),
        ]
        with self._under(stages) as running:
            running.load.window("without", STARTS_WITHIN)
            before = self._peak(running, 7)
            running.load.window("with", STARTS_WITHIN)
            peak = self._peak(running, 13)
            readings = self._readings(running)
        without, beside = readings.stages
        moved = round(abs(beside.p99_ms - without.p99_ms), 1)
        self._add("p99 of the good, ms, without", without.p99_ms)
        self._add("p99 of the good, ms, beside it", beside.p99_ms)
        self._add("p99 moved, ms", moved, 20)
        self._heard(readings, limit=0)
        self._add("memory growth, MB", round((peak - before) / 1e6, 2), 5)
        after = people.too_slow_after(running.tap_ids[0])
        self._add("closed after, s", after and round(after, 1), 12, least=10)

    def _terminated(self) -> None:
        with self._under([Stage("term", TAPS, TAPS, settle=2, measure=9)]) as running:
            running.load.window("term", STARTS_WITHIN)
            time.sleep(1)
            began = time.monotonic()
            status = running.server.stop()
            took = time.monotonic() - began
            # The window cannot be read without a server; the codes are told all the same.
            codes = running.load.result(ENDS_WITHIN).codes
        self._add("ended after, s", round(took, 2), 5)
        # Not its status: uvicorn, when all is closed, ends by the signal that it was sent.
        self._add("had to be killed", int(status is None), 0)
        self._add("sockets not closed with 1012", 2 * TAPS - codes.get("1012", 0), 0)

    def _rush(self) -> None:
        stages = [
            Stage("before", 1, settle=1, measure=0.5),
            Stage("rush", 1, RUSH, settle=0, measure=8),
        ]
        with self._under(stages, at_once=RUSH) as running:
            readings = self._readings(running)
        seen = readings.stages[-1]
        self._add("all have audio after, ms", seen.joined_ms if seen.joined_ms >= 0 else None)
        self._add("sockets closed", seen.gone, 0)
        self._heard(readings, limit=0)

    def _under(
        self, stages: list[Stage], at_once: int = 16
    ) -> contextlib.AbstractContextManager[rows.Running]:
        return rows.loaded(self._ground, self._row, stages, {"CHUNK_MS": str(CHUNK)}, at_once)

    def _readings(self, running: rows.Running) -> Readings:
        readings = running.load.result(ENDS_WITHIN)
        if readings.failure:
            raise rows.Failed(f"{readings.failure}\n{running.server.said()}")
        waited = max(one.server_waited / one.seconds for one in readings.stages)
        self._add("waited for its core, %", round(waited * 100, 1))
        return readings

    def _peak(self, running: rows.Running, seconds: float) -> int:
        """The most allocated within so many seconds, in bytes."""
        until, peak = time.monotonic() + seconds, 0
        while (left := until - time.monotonic()) > 0:
            peak = max(peak, gauge.memory(running.server.pid)[0])
            time.sleep(min(0.5, left))
        return peak

    def _heard(self, readings: Readings, limit: int | None) -> None:
        """20 ms units that listeners missed, or got twice; nothing may ever come twice."""
        lost = sum(one.lost for one in readings.stages) + readings.never_came
        self._add("20 ms lost", lost, limit)
        self._add("20 ms doubled", sum(one.doubled for one in readings.stages), 0)

    def _add(
        self, figure: str, value: float | None, limit: float | None = None, least: float = 0
    ) -> None:
        """``None`` as a value: it never came to that."""
        reached = None if limit is None else value is not None and least <= value <= limit
        one = {"fault": self._fault, "server": self._row.name, "figure": figure, "value": value}
        self.figures.append(one | {"limit": limit, "reached": reached})


def lines(figures: list[Figures]) -> list[str]:
    """For the report: each fault, and its figures under it."""
    said, before = [], None
    for one in figures:
        heading = f"{one['server']}: {one['fault']}"
        if heading != before:
            said.append(heading)
            before = heading
        value = "never" if one["value"] is None else f"{one['value']:g}"
        limit = "" if one["limit"] is None else f", at most {one['limit']}"
        said.append(f"  {one['figure']}: {value}{limit}: {verdict(one['reached'])}")
    return said
