"""The sound table: runs the rows in each browser, and writes what was found."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Sequence
from typing import Any

from bench import report, state, targets
from bench.sound import figures, page, rows
from bench.sound.ear import Ear
from bench.testbed import NotStarted, Testbed, take_the_machine
from tests.support.bidi import Page

Figures = dict[str, Any]
Log = Callable[[str], None]

SECONDS = 30.0  # of a row's window
OVERHEAD = 16.0  # seconds of a row outside its window
SLACK = 1.3  # on a busy machine
STARTS_WITHIN = 40.0  # seconds for a browser
QUIET_MS = 20  # by which a sender is late at most where nothing else runs
FAILURES = (rows.Skipped, NotStarted, TimeoutError, AssertionError, ConnectionError)
PROGRAMS = ("pulseaudio", "parec")
COLUMNS = (
    ("browser", "browser", "{}"),
    ("name", "row", "{}"),
    ("chirps", "chirps", "{}"),
    ("lost", "lost", "{}"),
    ("p50_ms", "p50, ms", "{:.0f}"),
    ("p99_ms", "p99, ms", "{:.0f}"),
    ("max_ms", "max, ms", "{:.0f}"),
    ("underruns", "underruns", "{}"),
    ("concealed_percent", "concealed, %", "{:.2f}"),
    ("shown_off_ms", "deck off, ms", "{:+.0f}"),
    ("shown_off_p95_ms", "p95, ms", "{:.0f}"),
    ("to_server_ms", "to server", "{:.0f}"),
    ("to_page_ms", "to page", "{:.0f}"),
    ("in_player_ms", "in player", "{:.0f}"),
    ("to_ear_ms", "to ear", "{:.0f}"),
    ("pesq", "PESQ", "{:.2f}"),
    ("late_ms", "late, ms", "{:.0f}"),
)
#: The row, the figure, its limit and its unit. Of all figures but the last, less is better.
LIMITS = (
    ("clean", "p50_ms", 200, "ms"),
    ("clean", "p99_ms", 500, "ms"),
    ("clean", "underruns", 0, "times"),
    ("clean", "shown_off_p95_ms", 50, "ms"),
    ("jitter", "p50_ms", 300, "ms"),
    ("jitter", "p99_ms", 800, "ms"),
    ("jitter", "concealed_percent", 0.5, "%"),
    ("jitter", "shown_off_p95_ms", 50, "ms"),
    ("stall", "live_after_s", 2, "s"),
    ("blocked", "live_after_s", 2, "s"),
)
SCORES = (("speech", 4.0), ("speech-jitter", 3.5))


def within(names: Sequence[str], browsers: Sequence[str], seconds: float) -> float:
    """Return how long the rows may take, in seconds."""
    return len(browsers) * (STARTS_WITHIN + len(names) * (seconds + OVERHEAD) * SLACK)


def measure(
    testbed: Testbed, names: Sequence[str], browsers: Sequence[str], seconds: float, log: Log
) -> Figures:
    """Run these rows in these browsers; return their figures, and what was left out and why."""
    take_the_machine()
    state.prepare()
    state.collect_static()
    session = _Session(testbed, seconds, log)
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    if missing:
        session.skipped.append(f"all rows: no {' and no '.join(missing)} here")
    else:
        with Ear(testbed.directory) as ear:
            for browser in browsers:
                asyncio.run(session.run(ear, browser, [rows.named(name) for name in names]))
    return {
        "rows": session.figures,
        "targets": limits(session.figures),
        "machine": report.machine(testbed),
        "skipped": session.skipped,
    }


class _Session:
    """Measures in one browser after another."""

    def __init__(self, testbed: Testbed, seconds: float, log: Log) -> None:
        self._testbed = testbed
        self._seconds = seconds
        self._log = log
        self.figures: list[Figures] = []
        self.skipped: list[str] = []

    async def run(self, ear: Ear, browser: str, wanted: list[rows.Row]) -> None:
        try:
            async with page.opened(browser, self._testbed.directory, ear) as tab:
                for row in wanted:
                    await self._row(ear, browser, tab, row)
        except (*FAILURES, page.NoBrowser) as error:
            self.skipped.append(f"{browser}: {error}")

    async def _row(self, ear: Ear, browser: str, tab: Page, row: rows.Row) -> None:
        self._log(f"{browser}: {row.name}")
        try:
            heard = await rows.run(self._testbed, ear, tab, row, self._seconds)
            self.figures.append({"browser": browser, **figures.row_figures(heard)})
        except FAILURES as error:
            self.skipped.append(f"{row.name} in {browser}: {error}")


def limits(found: list[Figures]) -> list[Figures]:
    """Compare the rows with their limits."""
    done = []
    for one in found:
        where = f"{one['name']} in {one['browser']}"
        for name, key, most, unit in LIMITS:
            if one["name"] == name and key in one:
                value = float("inf") if one[key] is None else one[key]
                done.append(targets.limit(key, where, value, most, unit))
    return done


def lines(result: Figures) -> list[str]:
    """Return the table, and a line for each limit and each interruption."""
    machine, found = result["machine"], result["rows"]
    text = [
        f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}, "
        f"{machine['date']}; browser, server, sender and Valkey share the cores",
        "",
        report.table(found, COLUMNS),
        "",
        *targets.lines(result["targets"]),
    ]
    text += [_score(one, least) for one in found for name, least in SCORES if one["name"] == name]
    text += [_interruption(one) for one in found if "interruptions" in one]
    late = max((one["late_ms"] for one in found), default=0)
    if late > QUIET_MS:
        text.append(f"the sender was up to {late:.0f} ms late: not a quiet machine")
    return text


def _score(one: Figures, least: float) -> str:
    return (
        f"PESQ of {one['name']} in {one['browser']}: {one['pesq']} (lowest {one['pesq_lowest']}; "
        f"against the speech before mu-law {one['pesq_uncoded']}), target ≥ {least}: "
        f"{targets.verdict(one['pesq'] >= least)}"
    )


def _interruption(one: Figures) -> str:
    back = "never live again" if one["live_after_s"] is None else f"{one['live_after_s']} s"
    return (
        f"{one['name']} in {one['browser']}, {one['interruptions']} times: sounded on for "
        f"{one['sounded_on_ms']} ms with {one['buffered_ms']} ms buffered, live again after {back}"
    )
