"""What is measured, in which order, and how long it may take."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

from . import knee, rows
from .ground import Ground, NotStarted
from .plan import Stage

Figures = dict[str, Any]
FAILURES = (rows.Failed, NotStarted, subprocess.SubprocessError)
NEVER = ("lost", "doubled", "disordered", "garbled", "gone", "late", "refused", "ring_broken")


SLACK = 1.15  # of the computed time: what does not fit is left out, and said
STARTS_AND_STOPS = 4.0  # seconds of a run that no stage counts, the tail of 1 s among them
OPENED = 100  # sockets in a second
PROBES = 8  # of a ramp: five to double from 50 to 800, three to halve
PROBED = 400  # load of a probe, on the average


@dataclass(frozen=True, slots=True)
class Scale:
    """How big everything is, in one of the two sizes; times in seconds."""

    size: rows.Size
    baseline_window: float  # has no rounds of its own that a window must hold
    round_within: float  # for one run of one row
    first: int  # load of a ramp
    most: int
    settle: float  # of a ramp's probe
    measure: float
    delays: float  # window, at half the knee
    consoles: int
    console_taps: int
    rtp_taps: int
    deadline: float | None = None  # for all of it; by its length if none

    def of(self, row: rows.Row) -> list[Stage]:
        """The stages of a row."""
        size, brief = self.size, self.baseline_window
        return (size if row.ours else replace(size, quiet=brief, loud=brief)).stages(row)

    def seconds(self, names: list[str], runs: int) -> float:
        """About how long all of it takes."""
        done = runs * sum(_seconds(self.of(row)) for row in rows.ROWS if row.name in names)
        if rows.RTP in names:
            done += _seconds(self.rtp_stages())
        probe = _seconds(knee.taps_stage(PROBED, self.settle, self.measure))
        delays = _seconds(knee.taps_stage(PROBED // 2, self.settle, self.delays))
        consoles = _seconds(self.console_stages())
        for _ in (one for one in rows.SERVERS if one in names):
            done += 2 * PROBES * probe + 2 * delays + consoles
        return done

    def within(self, names: list[str], runs: int) -> float:
        """How long all of it may take."""
        return self.deadline or SLACK * self.seconds(names, runs)

    def rtp_stages(self) -> list[Stage]:
        """As many RTP taps as one core is to take."""
        return [Stage("load", self.rtp_taps, settle=self.settle, measure=self.size.loud)]

    def console_stages(self) -> list[Stage]:
        """Taps without and with pages that watch the list."""
        return [
            Stage(word, self.console_taps, 0, consoles, settle=self.settle, measure=self.measure)
            for word, consoles in (("without", 0), ("with", self.consoles))
        ]


def _seconds(stages: list[Stage]) -> float:
    most = stages[-1]
    sockets = most.taps + most.listeners + most.consoles
    watched = sum(one.settle + one.measure for one in stages)
    return STARTS_AND_STOPS + sockets / OPENED + watched


FULL = Scale(
    rows.Size(100, 4, 1.5, 20.0, 30.0), 20.0, 100.0, 50, 4000, 3.0, 6.0, 30.0, 300, 100, 200
)
QUICK = Scale(
    rows.Size(16, 3, 0.3, 1.5, 1.5), 1.5, 8.0, 20, 40, 0.5, 1.0, 1.0, 20, 8, 40, deadline=55.0
)


class Suite:
    """Runs everything on one Ground; what did not fit into the time is said in ``skipped``."""

    def __init__(
        self, ground: Ground, scale: Scale, within: float, say: Callable[[str], None]
    ) -> None:
        self._ground = ground
        self._scale = scale
        self._say = say
        self._until = time.monotonic() + within
        self.skipped: list[str] = []

    @property
    def left(self) -> float:
        """Seconds."""
        return self._until - time.monotonic()

    def cost(self, names: list[str], runs: int) -> list[dict[str, Figures]]:
        """All rows once, then again: what the machine does meanwhile hits them alike."""
        scale, done = self._scale, []
        for run in range(runs):
            figures: dict[str, Figures] = {}
            for row in (one for one in rows.ROWS if one.name in names):
                if self.left < scale.round_within:
                    self.skipped.append(f"{row.name}, run {run + 1}: no time")
                    continue
                self._say(f"run {run + 1} of {runs}: {row.name}")
                try:
                    outcome = rows.run(self._ground, row, scale.of(row), self.left)
                    figures[row.name] = rows.figures(outcome)
                except FAILURES as error:
                    self.skipped.append(f"{row.name}, run {run + 1}: {error}")
            done.append(figures)
        return done

    def rtp_taps(self) -> Figures | None:
        """Whether one process on one core takes so many RTP taps, and loses nothing."""
        scale = self._scale
        if not self._time_for_a_probe():
            self.skipped.append(f"{scale.rtp_taps} RTP taps: no time")
            return None
        self._say(f"{scale.rtp_taps} RTP taps")
        try:
            outcome = rows.run(self._ground, rows.named(rows.RTP), scale.rtp_stages(), self.left)
        except FAILURES as error:
            self.skipped.append(f"{scale.rtp_taps} RTP taps: {error}")
            return None
        if outcome.readings.failure or not outcome.ring:
            self.skipped.append(f"{scale.rtp_taps} RTP taps: {outcome.readings.failure}")
            return None
        seen = outcome.readings.stages[-1]
        per_packet = {"us_in": round(seen.server_cpu / seen.frames_in * 1e6, 2), "taps": seen.taps}
        return per_packet | rows.rtp_figures(outcome) | rows.ring_figures(outcome.ring)

    def knees(self, names: list[str]) -> dict[str, Any]:
        """By row: the knee in listeners of one tap, in taps with one each, and all points."""
        scale = self._scale
        found: dict[str, Any] = {}
        shapes = {"listeners": knee.ears_stage, "taps": knee.taps_stage}
        for name in (one for one in rows.SERVERS if one in names):
            found[name] = {}
            for shape, stages in shapes.items():

                def attempt(load: int, name: str = name, stages: Any = stages) -> knee.Point:
                    return self._probe(name, stages(load, scale.settle, scale.measure), load)

                points = knee.search(attempt, scale.first, scale.most, self._time_for_a_probe)
                found[name][shape] = knee.of(points)
                found[name][f"{shape}_points"] = [asdict(one) for one in points]
                if not points:
                    self.skipped.append(f"the knee of {name} in {shape}: no time")
        return found

    def delays(self, knees: dict[str, Any]) -> list[Figures]:
        """At half the knee in taps, with chunks of 60 and of 20 ms."""
        scale, done = self._scale, []
        for name, found in knees.items():
            for chunk in ("60", "20"):
                taps = found["taps"] // 2
                if not taps or not self._time_for_a_probe():
                    self.skipped.append(f"delays of {name} with {chunk} ms: no knee, or no time")
                    continue
                self._say(f"delays of {name}: {taps} taps, {chunk} ms chunks")
                stages = knee.taps_stage(taps, scale.settle, scale.delays)
                row = rows.named(name)
                readings = rows.run(self._ground, row, stages, self.left, CHUNK_MS=chunk).readings
                if readings.failure:
                    self.skipped.append(f"delays of {name} with {chunk} ms: {readings.failure}")
                    continue
                seen = asdict(readings.stages[-1])
                wanted = ("taps", "listeners", "p50_ms", "p99_ms", "max_ms", "lost", "doubled")
                done.append({"name": name, "chunk_ms": int(chunk)} | {k: seen[k] for k in wanted})
        return done

    def consoles(self, names: list[str]) -> list[Figures]:
        """What watching the live list costs, in per cent of a core."""
        scale, done = self._scale, []
        for name in (one for one in rows.SERVERS if one in names):
            if not self._time_for_a_probe():
                self.skipped.append(f"consoles of {name}: no time")
                continue
            self._say(f"{scale.consoles} consoles on {name}")
            row = rows.named(name)
            readings = rows.run(self._ground, row, scale.console_stages(), self.left).readings
            if readings.failure:
                self.skipped.append(f"consoles of {name}: {readings.failure}")
                continue
            shares = [one.server_cpu / one.seconds * 100 for one in readings.stages]
            counts = {"consoles": scale.consoles, "taps": scale.console_taps}
            done.append({"name": name, **counts, "extra_percent": round(shares[1] - shares[0], 1)})
        return done

    def _probe(self, name: str, stages: list[Stage], load: int) -> knee.Point:
        self._say(f"{name}: {stages[-1].taps} taps, {stages[-1].listeners} listeners")
        try:
            readings = rows.run(self._ground, rows.named(name), stages, self.left).readings
        except subprocess.TimeoutExpired:
            return knee.Point(load, 0.0, 0, 1.0, 0.0, True, note="no time left")
        return knee.point(load, readings)

    def _time_for_a_probe(self) -> bool:
        return self.left > self._scale.round_within


def medians(runs: list[dict[str, Figures]]) -> list[Figures]:
    """One row each, every figure the median of its runs; what must not happen is summed."""
    result = []
    for row in rows.ROWS:
        seen = [run[row.name] for run in runs if row.name in run]
        if not seen:
            continue
        merged: Figures = {"name": row.name}
        for key in seen[0]:
            values = [one[key] for one in seen if one[key] is not None]
            if not values:
                merged[key] = None
                continue
            value = sum(values) if key in NEVER else median(values)
            merged[key] = round(value, 2) if isinstance(value, float) else value
        result.append(merged)
    return result
