"""Suite: what is measured, in which order, and how long it may take."""

from __future__ import annotations

import itertools
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

from bench import knee, rows
from bench.figures import ring_figures, row_figures, rtp_figures
from bench.plan import Stage
from bench.testbed import NotStarted, Testbed

Figures = dict[str, Any]
FAILURES = (rows.Failed, NotStarted, subprocess.SubprocessError)
#: Figures that must be 0.
NEVER = ("lost", "doubled", "disordered", "garbled", "gone", "late", "refused", "ring_broken")

SLACK = 1.15  # times the computed time; what does not fit into that is left out, and reported
STARTS_AND_STOPS = 4.0  # seconds of a run outside its stages, with the tail of 1 s
OPENED = 100  # sockets that are opened in a second
PROBES = 7  # of a search for a knee: four that double the load, three that bisect
#: The shapes of load: their stages, and by how much their search begins higher than that of taps.
#: A listener costs a fourth of a tap at most.
SHAPES = {"taps": (knee.taps_stage, 1), "listeners": (knee.listeners_stage, 4)}
PROBED_WITHIN = 75.0  # seconds; far beyond its knee a server admits nobody any more
PROBED = {"taps": 450, "listeners": 1500}  # the average load of a probe


@dataclass(frozen=True, slots=True)
class Scale:
    """How big everything is. There are two scales, FULL and QUICK. Times are in seconds."""

    size: rows.Size
    baseline_window: float  # shorter: baselines have no rounds that a window must hold
    round_within: float  # for one run of one row
    first: int  # the load with which a search begins
    most: int  # the highest load of a search
    settle: float  # of a probe
    measure: float  # of a probe
    delays: float  # the window at half the knee
    consoles: int
    console_taps: int
    console_turns: int  # pairs of windows without and with consoles
    rtp_taps: int
    deadline: float | None = None  # of everything; None: computed

    def stages_of(self, row: rows.Row) -> list[Stage]:
        """Return the stages of a row."""
        size, brief = self.size, self.baseline_window
        return (size if row.ours else replace(size, quiet=brief, loud=brief)).stages(row)

    def seconds(self, names: list[str], runs: int) -> float:
        """Estimate how long everything takes."""
        done = runs * sum(_seconds(self.stages_of(row)) for row in rows.ROWS if row.name in names)
        if rows.RTP in names:
            done += _seconds(self.rtp_stages())
        probes = sum(
            _seconds(stages(PROBED[shape], self.settle, self.measure))
            for shape, (stages, _) in SHAPES.items()
        )
        delays = _seconds(knee.taps_stage(PROBED["taps"] // 2, self.settle, self.delays))
        consoles = _seconds(self.console_stages())
        for _ in (one for one in rows.SERVERS if one in names):
            done += PROBES * probes + 2 * delays + consoles
        return done

    def within(self, names: list[str], runs: int) -> float:
        """Return how long everything may take."""
        return self.deadline or SLACK * self.seconds(names, runs)

    def rtp_stages(self) -> list[Stage]:
        """Return a load of as many RTP taps as one core must be able to receive."""
        return [Stage("load", self.rtp_taps, settle=self.settle, measure=self.size.loud)]

    def console_stages(self) -> list[Stage]:
        """Return a load of taps, by turns without and with pages that show the live list.

        They take turns because the same work costs a virtual machine up to a third more from one
        minute to the next.
        """
        settle, measure = self.size.settle, self.measure / 2
        return self.console_turns * [
            Stage(word, self.console_taps, 0, consoles, settle=settle, measure=measure)
            for word, consoles in (("without", 0), ("with", self.consoles))
        ]


def _seconds(stages: list[Stage]) -> float:
    sockets = [0, *(one.taps + one.listeners + one.consoles for one in stages)]
    opened = sum(max(0, now - before) for before, now in itertools.pairwise(sockets))
    watched = sum(one.settle + one.measure for one in stages)
    return STARTS_AND_STOPS + opened / OPENED + watched


FULL = Scale(
    rows.Size(100, 4, 1.5, 20.0, 30.0), 13.0, 100.0, 100, 4000, 3.0, 6.0, 30.0, 300, 100, 4, 200
)
QUICK = Scale(
    rows.Size(16, 3, 0.3, 1.5, 1.5), 1.5, 8.0, 20, 40, 0.5, 1.0, 1.0, 20, 8, 1, 40, deadline=55.0
)


class Suite:
    """Runs everything on one Testbed, and notes in ``skipped`` what was left out and why."""

    def __init__(
        self, testbed: Testbed, scale: Scale, within: float, log: Callable[[str], None]
    ) -> None:
        self._testbed = testbed
        self._scale = scale
        self._log = log
        self._until = time.monotonic() + within
        self.skipped: list[str] = []

    @property
    def seconds_left(self) -> float:
        """How many seconds are left until the deadline."""
        return self._until - time.monotonic()

    def cost(self, names: list[str], runs: int) -> list[dict[str, Figures]]:
        """Run all rows in turn, again and again, so that other work affects all of them alike."""
        scale, done = self._scale, []
        for run in range(runs):
            figures: dict[str, Figures] = {}
            for row in (one for one in rows.ROWS if one.name in names):
                if self.seconds_left < scale.round_within:
                    self.skipped.append(f"{row.name}, run {run + 1}: no time")
                    continue
                self._log(f"run {run + 1} of {runs}: {row.name}")
                try:
                    outcome = rows.run(self._testbed, row, scale.stages_of(row), self.seconds_left)
                    figures[row.name] = row_figures(outcome)
                except FAILURES as error:
                    self.skipped.append(f"{row.name}, run {run + 1}: {error}")
            done.append(figures)
        return done

    def rtp_taps(self) -> Figures | None:
        """Measure whether one process on one core can receive the RTP taps without any loss."""
        scale = self._scale
        outcome = self._run(f"{scale.rtp_taps} RTP taps", rows.RTP, scale.rtp_stages())
        if outcome is None or outcome.ring is None:
            return None
        seen = outcome.readings.stages[-1]
        per_packet = {"us_in": round(seen.server_cpu / seen.units_in * 1e6, 2), "taps": seen.taps}
        return per_packet | rtp_figures(outcome) | ring_figures(outcome.ring)

    def knees(self, names: list[str], shape: str) -> dict[str, Figures]:
        """Return for each row the knee in a shape of load, with all points that were tried."""
        scale, (stages, factor) = self._scale, SHAPES[shape]
        first = min(scale.most, factor * scale.first)
        found = {}
        for name in (one for one in rows.SERVERS if one in names):

            def attempt(load: int, name: str = name) -> knee.Point:
                return self._probe(name, stages(load, scale.settle, scale.measure), load)

            points = knee.search(attempt, first, scale.most, self._time_for_a_probe)
            tried = [asdict(one) for one in points]
            found[name] = {shape: knee.find(points), f"{shape}_points": tried}
            if not points:
                self.skipped.append(f"the knee of {name} in {shape}: no time")
        return found

    def delays(self, knees: dict[str, Any]) -> list[Figures]:
        """Measure the delays at half the knee in taps, with chunks of 60 and of 20 ms."""
        scale, done = self._scale, []
        for name, found in knees.items():
            for chunk in ("60", "20"):
                taps = found["taps"] // 2
                what = f"delays of {name} with {chunk} ms chunks, {taps} taps"
                if not taps:
                    self.skipped.append(f"{what}: no knee")
                    continue
                stages = knee.taps_stage(taps, scale.settle, scale.delays)
                outcome = self._run(what, name, stages, CHUNK_MS=chunk)
                if outcome:
                    seen = asdict(outcome.readings.stages[-1])
                    wanted = ("taps", "listeners", "p50_ms", "p99_ms", "max_ms", "lost", "doubled")
                    figures = {key: seen[key] for key in wanted}
                    done.append({"name": name, "chunk_ms": int(chunk)} | figures)
        return done

    def consoles(self, names: list[str]) -> list[Figures]:
        """Measure what consoles cost, in per cent of a core."""
        scale, done = self._scale, []
        for name in (one for one in rows.SERVERS if one in names):
            what = f"{scale.consoles} consoles on {name}"
            outcome = self._run(what, name, scale.console_stages())
            if outcome:
                shares = [one.server_cpu / one.seconds * 100 for one in outcome.readings.stages]
                extras = [
                    round(watched - alone, 1)
                    for alone, watched in zip(shares[::2], shares[1::2], strict=True)
                ]
                counts = {"consoles": scale.consoles, "taps": scale.console_taps}
                more = {"extra_percent": round(median(extras), 1), "extras": extras}
                done.append({"name": name, **counts, **more})
        return done

    def _run(self, what: str, name: str, stages: list[Stage], **env: str) -> rows.Outcome | None:
        """Run a row. If that fails, note it and return None, so that the rest is still measured."""
        if not self._time_for_a_probe():
            self.skipped.append(f"{what}: no time")
            return None
        self._log(what)
        try:
            outcome = rows.run(self._testbed, rows.named(name), stages, self.seconds_left, **env)
        except FAILURES as error:
            self.skipped.append(f"{what}: {error}")
            return None
        if outcome.readings.failure:
            self.skipped.append(f"{what}: {outcome.readings.failure}")
            return None
        return outcome

    def _probe(self, name: str, stages: list[Stage], load: int) -> knee.Point:
        self._log(f"{name}: {stages[-1].taps} taps, {stages[-1].listeners} listeners")
        try:
            within = min(self.seconds_left, PROBED_WITHIN)
            readings = rows.run(self._testbed, rows.named(name), stages, within).readings
        except subprocess.TimeoutExpired:
            note = f"not done after {within:.0f} s"
            return knee.Point(load, 0.0, 0, 1.0, 0.0, True, note=note)
        except FAILURES as error:
            return knee.Point(load, 0.0, 0, 1.0, 0.0, True, note=str(error))
        return knee.point(load, readings)

    def _time_for_a_probe(self) -> bool:
        return self.seconds_left > self._scale.round_within


def medians(runs: list[dict[str, Figures]]) -> list[Figures]:
    """Return a row of medians over the runs. Figures that must be 0 are summed instead."""
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
