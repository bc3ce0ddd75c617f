"""The storm table: how long it takes until all pages of a floor have come back."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from bench import report, rows, state
from bench.child import Child
from bench.plan import Stage
from bench.storm.pages import StormPlan
from bench.testbed import Testbed

Figures = dict[str, Any]
Log = Callable[[str], None]

PAGES = "bench.storm.pages"
STEADY = 20  # listeners that are there before, and by which the delay of live audio is measured
BEFORE = 5.0  # seconds of the window without a storm
STARTS_WITHIN = 60.0  # seconds
LEAVE_AFTER = 1.0  # seconds after the window
LOOK_EVERY = 0.2  # seconds
LISTENERS_PER_USER = 8  # openings.MAX_PER_USER


class Storm(NamedTuple):
    """Who comes at once, to how many live taps, and the seconds within which all must have come."""

    taps: int
    listeners: int
    consoles: int
    goal: float
    watched: float  # seconds


STORMS = (
    Storm(20, 400, 0, 2.0, 15.0),
    Storm(100, 1000, 300, 5.0, 20.0),
    Storm(100, 3000, 300, 15.0, 40.0),
)
#: For everything on one server.
WITHIN = sum(STARTS_WITHIN + BEFORE + one.watched + 30 for one in STORMS)
COLUMNS = (
    ("server", "server", "{}"),
    ("taps", "taps", "{}"),
    ("listeners", "listeners", "{}"),
    ("heard", "hear", "{}"),
    ("heard_p50", "p50, s", "{:.1f}"),
    ("heard_last", "last, s", "{:.1f}"),
    ("consoles", "consoles", "{}"),
    ("seen", "see", "{}"),
    ("seen_last", "last, s", "{:.1f}"),
    ("tries", "came again", "{}"),
    ("p99_before", "p99 before, ms", "{:.0f}"),
    ("p99_during", "during, ms", "{:.0f}"),
    ("core", "core", "{:.0%}"),
    ("pages_core", "pages' core", "{:.0%}"),
)


def measure(testbed: Testbed, servers: Sequence[str], log: Log) -> Figures:
    """Make all storms on each of the servers."""
    state.prepare()
    found = []
    for name in servers:
        for one in STORMS:
            log(f"{name}: {one.listeners} listeners of {one.taps} taps, {one.consoles} consoles")
            found.append(come_at_once(testbed, rows.named(name), one))
    return {"storms": found, "machine": report.machine(testbed)}


def come_at_once(testbed: Testbed, row: rows.Row, storm: Storm) -> Figures:
    """Have all pages of a storm come to a server."""
    stages = [
        Stage("before", storm.taps, STEADY, settle=2, measure=BEFORE),
        Stage("storm", storm.taps, STEADY, settle=0, measure=storm.watched),
    ]
    with rows.loaded(testbed, row, stages, {}) as running:
        plan = _plan(testbed.port, running.tap_ids, storm)
        running.load.window("storm", STARTS_WITHIN)
        with Child(PAGES, plan.dumps(), testbed.directory) as pages:
            readings = running.load.result(storm.watched + STARTS_WITHIN)
            until = time.monotonic() + STARTS_WITHIN
            while not (said := pages.said()) and time.monotonic() < until:
                time.sleep(LOOK_EVERY)
    if readings.failure:
        raise rows.Failed(readings.failure)
    before, during = readings.stages
    heard, seen = said["listeners"], said["consoles"]
    return {
        "server": row.name,
        "taps": storm.taps,
        "listeners": heard["came"],
        "heard": heard["had"],
        "heard_p50": heard["p50"],
        "heard_last": heard["last"],
        "consoles": seen["came"],
        "seen": seen["had"],
        "seen_last": seen["last"],
        "tries": said["tries"],
        "codes": said["codes"],
        "pages_core": said["core"],
        "goal": storm.goal,
        "p99_before": before.p99_ms,
        "p99_during": during.p99_ms,
        "lost": during.lost,
        "core": during.server_cpu / during.seconds,
        "generator": during.generator_cpu / during.seconds,
        "late_ms": during.late_ms,
    }


def _plan(port: int, tap_ids: list[str], storm: Storm) -> StormPlan:
    """Return who comes. Nobody of them was there before."""
    before = -(-STEADY // LISTENERS_PER_USER)
    cookies = state.cookies(before * LISTENERS_PER_USER + storm.listeners, storm.consoles)[before:]
    listeners = [
        (f"/listen/{tap_ids[n % storm.taps]}", cookies[n // LISTENERS_PER_USER])
        for n in range(storm.listeners)
    ]
    consoles = [cookies[n % len(cookies)] for n in range(storm.consoles)]
    stay = storm.watched + LEAVE_AFTER
    return StormPlan(port, listeners, consoles, storm.watched - 2, stay)


def lines(result: Figures) -> list[str]:
    """Return the table, and what else was seen."""
    found = result["storms"]
    return [
        report.heading(result["machine"]),
        "all pages come at once",
        "",
        report.table(found, COLUMNS),
        "",
        *(
            f"{one['server']}, {one['listeners']} listeners: goal {one['goal']:.0f} s; "
            f"sockets closed, by code: {one['codes'] or 'none'}; "
            f"Frames lost by those who were there: {one['lost']}; "
            f"the sender late by up to {one['late_ms']:.0f} ms"
            for one in found
        ),
    ]
