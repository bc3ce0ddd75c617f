"""Faults: makes them on purpose under load, and measures their effect."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

from bench import instruments, rows, state
from bench.plan import Readings, Stage
from bench.targets import verdict
from bench.testbed import NotStarted, Testbed

Figures = dict[str, Any]

TAPS = 20  # with a listener each
CHUNK = 60  # ms
AWAY = 5.0  # seconds that Redis does not answer
CUTS = 5
GOOD_LISTENERS = 49
RUSH = 200
STARTS_WITHIN = 60.0  # seconds
ENDS_WITHIN = 60.0
LENGTH = 200.0  # seconds for one server, at most

FAILURES = (rows.Failed, NotStarted, subprocess.SubprocessError, OSError)


class Faults:
    """Makes all faults on one server."""

    def __init__(self, testbed: Testbed, server: str, log: Callable[[str], None]) -> None:
        self._testbed = testbed
        self._row = rows.named(server)
        self._log = log
        self._fault = ""
        self.figures: list[Figures] = []
        self.skipped: list[str] = []

    def run(self) -> None:
        """Make one fault after the other. What fails is noted in ``skipped``."""
        for name, act in self.faults().items():
            self._fault = name
            self._log(f"{self._row.name}: {name}")
            try:
                act()
            except FAILURES as error:
                self.skipped.append(f"{name} on {self._row.name}: {error}")

    def faults(self) -> dict[str, Callable[[], None]]:
        """Return what makes each fault."""
        return {
            f"connections to Redis cut {CUTS} times": self._cut,
            f"Redis paused for {AWAY:.0f} s": lambda: self._away(self._paused),
            f"Redis stopped for {AWAY:.0f} s": lambda: self._away(self._stopped),
            "a listener that never reads": self._non_reading,
            "SIGTERM": self._terminated,
            f"{RUSH} listeners at once": self._rush,
        }

    def _cut(self) -> None:
        with self._under([Stage("cut", TAPS, TAPS, settle=2, measure=8)]) as running:
            running.load.window("cut", STARTS_WITHIN)
            for _ in range(CUTS):
                time.sleep(1)
                state.cut_connections()
            readings = self._readings(running)
        self._add_units(readings, limit=0)
        self._add("longest silence, ms", readings.stages[-1].silence_ms, 300 + CHUNK)

    def _away(self, make: Callable[[], contextlib.AbstractContextManager[None]]) -> None:
        """Take Redis away. Audio older than 3 s is then dropped, which is counted but allowed."""
        stages = [Stage("away", TAPS, TAPS, settle=2, measure=AWAY + 7)]
        with self._under(stages) as running:
            running.load.window("away", STARTS_WITHIN)
            time.sleep(1)
            before = instruments.memory(running.server.pid)[0]
            with make():
                peak = self._peak(running, AWAY)
            back = time.monotonic()
            peak = max(peak, self._peak(running, 4))
            readings = self._readings(running)
            dropped = state.dropped()
        seen = readings.stages[-1]
        self._add("sockets closed", seen.gone, 0)
        self._add("memory growth per tap, MB", round((peak - before) / TAPS / 1e6, 3), 1)
        # Audio may resume a moment before ``back``: Redis was away before the wait began.
        again = max(0, round((seen.resumed_at - back) * 1000))
        resumed = seen.resumed_at > back - 1
        self._add("heard again after, ms", again if resumed else None, 1000)
        self._add("Frames counted as dropped", dropped)
        self._add_units(readings, limit=None)

    @contextlib.contextmanager
    def _paused(self) -> Iterator[None]:
        state.pause_redis(AWAY)
        yield

    @contextlib.contextmanager
    def _stopped(self) -> Iterator[None]:
        os.kill(self._testbed.redis_pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._testbed.redis_pid, signal.SIGCONT)

    def _non_reading(self) -> None:
        stages = [
            Stage("without", 1, GOOD_LISTENERS, settle=2, measure=8),
            Stage("with", 1, GOOD_LISTENERS, non_reading=1, settle=0, measure=14),
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
        self._add_units(readings, limit=0)
        self._add("memory growth, MB", round((peak - before) / 1e6, 2), 5)
        after = state.too_slow_after(running.tap_ids[0])
        self._add("closed after, s", after and round(after, 1), 12, least=10)

    def _terminated(self) -> None:
        with self._under([Stage("term", TAPS, TAPS, settle=2, measure=9)]) as running:
            running.load.window("term", STARTS_WITHIN)
            time.sleep(1)
            began = time.monotonic()
            status = running.server.stop()
            took = time.monotonic() - began
            # The window cannot be read without a server, but the codes can.
            codes = running.load.result(ENDS_WITHIN).codes
        self._add("ended after, s", round(took, 2), 5)
        # The exit status does not count: uvicorn ends itself by the signal that it was sent.
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
        self._add_units(readings, limit=0)

    def _under(
        self, stages: list[Stage], at_once: int = 16
    ) -> contextlib.AbstractContextManager[rows.Running]:
        return rows.loaded(self._testbed, self._row, stages, {"CHUNK_MS": str(CHUNK)}, at_once)

    def _readings(self, running: rows.Running) -> Readings:
        readings = running.load.result(ENDS_WITHIN)
        if readings.failure:
            raise rows.Failed(f"{readings.failure}\n{running.server.log_tail()}")
        waited = max(one.server_waited / one.seconds for one in readings.stages)
        self._add("waited for its core, %", round(waited * 100, 1))
        return readings

    def _peak(self, running: rows.Running, seconds: float) -> int:
        """Return the most bytes that the server had allocated within ``seconds``."""
        until, peak = time.monotonic() + seconds, 0
        while (left := until - time.monotonic()) > 0:
            peak = max(peak, instruments.memory(running.server.pid)[0])
            time.sleep(min(0.5, left))
        return peak

    def _add_units(self, readings: Readings, limit: int | None) -> None:
        """Add the units that listeners missed or got twice; none may ever come twice."""
        lost = sum(one.lost for one in readings.stages) + readings.never_came
        self._add("20 ms lost", lost, limit)
        self._add("20 ms doubled", sum(one.doubled for one in readings.stages), 0)

    def _add(
        self, figure: str, value: float | None, limit: float | None = None, least: float = 0
    ) -> None:
        """Add a figure. A value of None means that it was never reached."""
        reached = None if limit is None else value is not None and least <= value <= limit
        one = {"fault": self._fault, "server": self._row.name, "figure": figure, "value": value}
        self.figures.append(one | {"limit": limit, "reached": reached})


def lines(figures: list[Figures]) -> list[str]:
    """Return the lines of the report: each fault, then its figures."""
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
