"""What is measured, in which order, and how long it may take."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from . import knee, rows
from .ground import Ground, NotStarted
from .plan import Stage

Figures = dict[str, Any]
RAMPED = ("earshot-daphne", "earshot-uvicorn")


@dataclass(frozen=True, slots=True)
class Scale:
    """How big everything is, in one of the two sizes.

    The full window is as long as the longest round of the server's own: rights
    are looked at again every 30 s.
    """

    load: rows.Load
    deadline: float  # seconds for all of it
    round_within: float  # seconds for one run of one row
    first: int  # load of a ramp
    most: int
    settle: float  # seconds, of a ramp's probe
    measure: float
    consoles: int
    console_taps: int


FULL = Scale(rows.Load(100, 4, 1.5, 30.0), 5400.0, 180.0, 50, 4000, 3.0, 6.0, 300, 100)
QUICK = Scale(rows.Load(16, 3, 0.3, 1.5), 55.0, 8.0, 20, 40, 0.5, 1.0, 20, 8)


class Suite:
    """Runs everything on one Ground; what did not fit into the time is said in ``skipped``."""

    def __init__(self, ground: Ground, scale: Scale, say: Callable[[str], None]) -> None:
        self._ground = ground
        self._scale = scale
        self._say = say
        self._until = time.monotonic() + scale.deadline
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
                stages = scale.load.stages(row.weight)
                try:
                    readings, ring = rows.run(self._ground, row, stages, self.left)
                    figures[row.name] = rows.figures(readings, ring)
                except (rows.Failed, NotStarted, subprocess.SubprocessError) as error:
                    self.skipped.append(f"{row.name}, run {run + 1}: {error}")
            done.append(figures)
        return done

    def knees(self, names: list[str]) -> dict[str, Any]:
        """By row: the knee in listeners of one tap, in taps with one each, and all points."""
        scale = self._scale
        found: dict[str, Any] = {}
        shapes = {"listeners": knee.ears_stage, "taps": knee.taps_stage}
        for name in (one for one in RAMPED if one in names):
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
                stages = knee.taps_stage(taps, scale.settle, scale.measure)
                row = _row(name)
                readings, _ = rows.run(self._ground, row, stages, self.left, CHUNK_MS=chunk)
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
        for name in (one for one in RAMPED if one in names):
            if not self._time_for_a_probe():
                self.skipped.append(f"consoles of {name}: no time")
                continue
            self._say(f"{scale.consoles} consoles on {name}")
            stages = [
                Stage(word, scale.console_taps, 0, consoles, scale.settle, scale.measure)
                for word, consoles in (("without", 0), ("with", scale.consoles))
            ]
            readings, _ = rows.run(self._ground, _row(name), stages, self.left)
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
            readings, _ = rows.run(self._ground, _row(name), stages, self.left)
        except subprocess.TimeoutExpired:
            return knee.Point(load, 0.0, 0, 1.0, True, note="no time left")
        return knee.point(load, readings)

    def _time_for_a_probe(self) -> bool:
        return self.left > self._scale.round_within


def _row(name: str) -> rows.Row:
    return next(one for one in rows.ROWS if one.name == name)


def medians(runs: list[dict[str, Figures]]) -> list[Figures]:
    """One row each, every figure the median of its runs; what must not happen is summed."""
    result = []
    for row in rows.ROWS:
        seen = [run[row.name] for run in runs if row.name in run]
        if not seen:
            continue
        merged: Figures = {"name": row.name}
        for key in seen[0]:
            values = [one[key] for one in seen]
            never = key in ("lost", "doubled", "disordered", "garbled", "gone")
            value = sum(values) if never else median(values)
            merged[key] = round(value, 2) if isinstance(value, float) else value
        result.append(merged)
    return result
