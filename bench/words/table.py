"""The words table: runs each part, and writes what was found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from bench import report, rows, state, targets
from bench.child import Child
from bench.plan import Reading, Stage
from bench.sound.page import NoBrowser
from bench.testbed import NotStarted, Server, Testbed, take_the_machine
from bench.words import calls, page
from bench.words.teller import TellPlan

Figures = dict[str, Any]
Log = Callable[[str], None]

CALLS = 500  # in each of which a line is said every second
CONSOLES = 20
TURNS = 4  # of windows without consoles, with one, and with all
SETTLE, MEASURE = 2.0, 3.0  # seconds of each of them
RATES = (50, 100, 150, 200, 300, 500)  # lines a second that are posted
POSTED_SETTLE, POSTED = 3.0, 8.0  # seconds
WATCHED = 30.0  # seconds for which a browser shows the list
WITHIN = 230.0  # seconds for everything
LOADED_WITHIN = 100.0  # seconds for the windows of one server
TELLER = "bench.words.teller"
MOST_OF_A_CORE = 3  # per cent, for a console
MOST_DELAY = 500  # ms, of p99
ARRIVED = 0.98  # share of what was told that must have arrived in a window
BUSY = 0.8  # share of its core from which the generator itself may be late
COLUMNS = (
    ("rate", "posted a second", "{}"),
    ("arrived", "arrived", "{:.0f}"),
    ("p50_ms", "p50, ms", "{:.0f}"),
    ("p99_ms", "p99, ms", "{:.0f}"),
    ("max_ms", "max, ms", "{:.0f}"),
    ("core", "core", "{:.0%}"),
    ("ms_per_line", "ms of CPU a line", "{:.2f}"),
    ("refused", "refused", "{}"),
    ("late_ms", "late, ms", "{:.0f}"),
)


def measure(testbed: Testbed, row: rows.Row, log: Log) -> Figures:
    """Run all parts on a server; return their figures, and what was left out and why."""
    state.prepare()
    state.collect_static()
    log(f"{CALLS} calls")
    plan = TellPlan(CALLS, CALLS, calls.make(CALLS))
    log(f"{CONSOLES} consoles")
    result: Figures = {"name": row.name, "skipped": [], "consoles": _consoles(testbed, row, plan)}
    result["posted"] = _posted(testbed, row, log)
    log("a browser")
    try:
        result["page"] = _page(testbed, row, plan)
    except (NoBrowser, NotStarted, TimeoutError, AssertionError) as error:
        result["skipped"].append(f"the page: {error}")
    return {**result, "machine": report.machine(testbed), "targets": limits(result)}


def _consoles(testbed: Testbed, row: rows.Row, plan: TellPlan) -> Figures:
    """Measure what consoles cost by turns without and with them, as they do in the great table."""
    stages = TURNS * [
        Stage(name, 0, consoles=count, settle=SETTLE, measure=MEASURE)
        for name, count in (("none", 0), ("one", 1), ("all", CONSOLES))
    ]
    told = Child(TELLER, plan.dumps(), testbed.directory)
    with told, rows.loaded(testbed, row, stages, {}) as running:
        readings = _readings(running)
    return {**cost(readings), **told.said()}


def cost(readings: Sequence[Reading]) -> Figures:
    """Return what a console costs, of windows without consoles, with one, and with all by turns."""
    shares = [one.server_cpu / one.seconds * 100 for one in readings]
    none, one, many = shares[::3], shares[1::3], shares[2::3]
    first = [b - a for a, b in zip(none, one, strict=True)]
    more = [(b - a) / (CONSOLES - 1) for a, b in zip(one, many, strict=True)]
    seen = readings[2::3]
    return {
        "first_percent": round(median(first), 2),
        "firsts": [round(value, 2) for value in first],
        "more_percent": round(median(more), 2),
        "mores": [round(value, 2) for value in more],
        "core": median(many) / 100,
        "arrived": median(one.units_out / one.seconds / CONSOLES for one in seen),
        "p50_ms": median(one.p50_ms for one in seen),
        "p99_ms": max(one.p99_ms for one in seen),
        "max_ms": max(one.max_ms for one in seen),
        "generator": max(one.generator_cpu / one.seconds for one in seen),
        "waited": max(one.server_waited / one.seconds for one in readings),
    }


def _posted(testbed: Testbed, row: rows.Row, log: Log) -> list[Figures]:
    """Post more and more lines a second, until the server does not keep up."""
    done: list[Figures] = []
    for rate in RATES:
        log(f"{rate} lines posted a second")
        done.append(_post(testbed, row, rate))
        if not keeps_up(done[-1]):
            break
    return done


def _post(testbed: Testbed, row: rows.Row, rate: int) -> Figures:
    stages = [Stage("posted", 0, consoles=1, settle=POSTED_SETTLE, measure=POSTED)]
    plan = TellPlan(CALLS, rate, [], testbed.port, calls.events_path())
    told = Child(TELLER, plan.dumps(), testbed.directory)
    with rows.loaded(testbed, row, stages, {}) as running, told:
        (seen,) = _readings(running)
    return {
        "rate": rate,
        "arrived": seen.units_out / seen.seconds,
        "p50_ms": seen.p50_ms,
        "p99_ms": seen.p99_ms,
        "max_ms": seen.max_ms,
        "core": seen.server_cpu / seen.seconds,
        "ms_per_line": seen.server_cpu / max(1, seen.units_out) * 1000,
        **told.said(),
    }


def keeps_up(one: Figures) -> bool:
    """Return whether what was posted at a rate arrived, and in time."""
    return bool(one["arrived"] >= ARRIVED * one["rate"] and one["p99_ms"] <= MOST_DELAY)


def _readings(running: rows.Running) -> list[Reading]:
    readings = running.load.result(LOADED_WITHIN)
    if readings.failure:
        raise rows.Failed(f"{readings.failure}\n{running.server.log_tail()}")
    return readings.stages


def _page(testbed: Testbed, row: rows.Row, plan: TellPlan) -> Figures:
    take_the_machine()
    state.reset()
    told = Child(TELLER, plan.dumps(), testbed.directory)
    with Server(testbed, row.command, **row.env), told:
        seen = asyncio.run(page.watch(testbed, CALLS, WATCHED))
    return {**seen, **told.said()}


def limits(result: Figures) -> list[Figures]:
    """Compare the figures with their limits."""
    consoles, name = result["consoles"], result["name"]
    of = f"{CONSOLES} consoles on {name}"
    done = [
        targets.limit("first console", name, consoles["first_percent"], MOST_OF_A_CORE, "% core"),
        targets.limit(
            "each console more", name, consoles["more_percent"], MOST_OF_A_CORE, "% core"
        ),
        targets.limit("p99_ms", of, consoles["p99_ms"], MOST_DELAY, "ms"),
    ]
    if seen := result.get("page"):
        done += [
            targets.limit("p99_ms", "lines to the page", seen["arrived_p99_ms"], MOST_DELAY, "ms"),
            targets.limit("p99_ms", "lines to the row", seen["shown_p99_ms"], MOST_DELAY, "ms"),
            targets.limit("long tasks", "the page", seen["long_tasks"], 0, ""),
        ]
    return done


def lines(result: Figures) -> list[str]:
    """Return the report."""
    consoles = result["consoles"]
    text = [
        report.heading(result["machine"]),
        "",
        f"{CALLS} calls with a line a second each, on {result['name']}:",
        f"  the first console: {consoles['first_percent']} % of a core "
        f"({min(consoles['firsts'])} to {max(consoles['firsts'])}); each of {CONSOLES - 1} more: "
        f"{consoles['more_percent']} % ({min(consoles['mores'])} to {max(consoles['mores'])})",
        f"  to {CONSOLES} consoles: p50 {consoles['p50_ms']}, p99 {consoles['p99_ms']}, max "
        f"{consoles['max_ms']} ms; {consoles['arrived']:.0f} lines a second to each; the publisher "
        f"up to {consoles['late_ms']} ms late{report.waiting(consoles['waited'], '; ')}",
    ]
    if consoles["generator"] > BUSY:
        text.append(f"  the generator was busy: {consoles['generator']:.0%} of its core")
    if seen := result.get("page"):
        text += _page_lines(seen)
    text += ["", report.table(result["posted"], COLUMNS), ""]
    return text + targets.lines(result["targets"])


def _page_lines(seen: Figures) -> list[str]:
    return [
        f"  in a browser for {seen['seconds']:.0f} s: {seen['lines']} lines came, p50 "
        f"{seen['arrived_p50_ms']}, p99 {seen['arrived_p99_ms']} ms; {seen['shown']} stood in a "
        f"row, p50 {seen['shown_p50_ms']}, p99 {seen['shown_p99_ms']} ms",
        f"  its long tasks: {seen['long_tasks']}, the longest {seen['longest_ms']} ms; while the "
        f"list was made {seen['opening_long_tasks']}, the longest {seen['opening_longest_ms']} ms; "
        f"{seen['frames_per_second']} frames a second",
    ]
