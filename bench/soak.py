"""Soak: keeps one load for a long time, and measures whether the server grows."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import linear_regression
from typing import Any

from bench import instruments, rows, state
from bench.figures import rtp_figures
from bench.plan import Stage
from bench.report import waiting
from bench.targets import verdict
from bench.testbed import Testbed

EVERY = 10.0  # seconds between two samples
SETTLE = 10.0  # seconds until the first, when every socket has been open for a while
OPENS_WITHIN = 120.0  # seconds
OVERHEAD = 200.0  # seconds that a soak takes beside its window, at most
BAD = re.compile(r"Traceback|Task was destroyed|never retrieved|CRITICAL|ERROR")


@dataclass(frozen=True, slots=True)
class Sample:
    """The server at one moment."""

    at: float  # seconds since the window began
    rss: int  # bytes; PSS moves when another program that shares a library ends
    fds: int
    threads: int


def run(
    testbed: Testbed, row: rows.Row, minutes: float, taps: int, log: Callable[[str], None]
) -> dict[str, Any]:
    """Run a soak and return its figures. Raises rows.Failed, and what the load raises."""
    listeners = taps if row.transport == "ws" else 0
    seconds = minutes * 60
    stages = [Stage("soak", taps, listeners, settle=SETTLE, measure=seconds)]
    with rows.loaded(testbed, row, stages, {}) as running:
        running.load.window("soak", OPENS_WITHIN)
        samples = _watch(running, seconds, log)
        readings = running.load.result(OVERHEAD / 2)
    if readings.failure:
        raise rows.Failed(f"{readings.failure}\n{running.server.log_tail()}")
    seen = readings.stages[-1]
    heard = {"lost": seen.lost + readings.never_came, "doubled": seen.doubled, "gone": seen.gone}
    if not listeners:
        packets = state.packets(running.tap_ids)
        heard = rtp_figures(rows.Outcome(readings, packets=packets))
    return {
        "name": row.name,
        "minutes": minutes,
        "taps": taps,
        "listeners": listeners,
        "server_share": round(seen.server_cpu / seen.seconds, 3),
        "server_waited": round(seen.server_waited / seen.seconds, 3),
        **growth(samples, seconds),
        "lost": heard["lost"],
        "doubled": heard["doubled"],
        "closed": heard.get("gone", 0),
        "p99_ms": seen.p99_ms if listeners else None,
        "log_lines": [one for one in running.server.log().splitlines() if BAD.search(one)],
    }


def _watch(running: rows.Running, seconds: float, log: Callable[[str], None]) -> list[Sample]:
    """Sample every 10 s, and once more just before the sockets are closed."""
    began = time.monotonic()
    moments = [n * EVERY for n in range(int((seconds - 1) // EVERY) + 1)] + [seconds - 1.0]
    samples = []
    for moment in moments:
        time.sleep(max(0.0, began + moment - time.monotonic()))
        if running.load.ended():
            break
        _, rss = instruments.memory(running.server.pid)
        samples.append(Sample(moment, rss, *instruments.handles(running.server.pid)))
        if moment % 60 == 0:
            said = f"{rss / 1e6:.1f} MB, {samples[-1].fds} files, {samples[-1].threads} threads"
            log(f"{moment / 60:.0f} of {seconds / 60:g} min: {said}")
    return samples


def growth(samples: list[Sample], seconds: float) -> dict[str, Any]:
    """Return how the server grew after the first quarter, in which caches and pools fill."""
    later = [one for one in samples if one.at >= seconds / 4]
    if len(later) < 2:
        raise rows.Failed("the soak ended too early")
    slope = linear_regression([one.at / 60 for one in later], [one.rss / 1000 for one in later])
    return {
        "rss_start": later[0].rss,
        "rss_end": later[-1].rss,
        "slope_kb_per_min": round(slope.slope, 1),
        "fds_start": later[0].fds,
        "fds_end": later[-1].fds,
        "threads_start": later[0].threads,
        "threads_end": later[-1].threads,
    }


def lines(soak: dict[str, Any]) -> list[str]:
    """Return the lines of the report."""
    bad = soak["log_lines"]
    return [
        f"{soak['minutes']:g} min of {soak['name']}, {soak['taps']} taps, {soak['listeners']} "
        f"listeners, {soak['server_share']:.0%} of its core{waiting(soak['server_waited'], '; ')}:",
        f"  RSS {soak['rss_start'] / 1e6:.1f} MB after a quarter, {soak['rss_end'] / 1e6:.1f} MB "
        f"at the end, {soak['slope_kb_per_min']:+} kB/min",
        f"  files {soak['fds_start']} to {soak['fds_end']}, "
        f"threads {soak['threads_start']} to {soak['threads_end']}",
        f"  {soak['lost']} lost, {soak['doubled']} doubled, {soak['closed']} sockets closed"
        + (f", p99 {soak['p99_ms']} ms" if soak["p99_ms"] is not None else ""),
        f"  bad lines in the server's log: {len(bad)}, at most 0: {verdict(not bad)}",
        *(f"    {one}" for one in bad[:10]),
    ]
