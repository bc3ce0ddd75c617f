"""The report: the table, the knees, and the machine on which they were measured."""

from __future__ import annotations

import datetime
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.testbed import Testbed

Figures = dict[str, Any]

COLUMNS = (
    ("name", "row", "{}"),
    ("taps", "taps", "{}"),
    ("listeners", "listeners", "{}"),
    ("server_share", "core", "{:.0%}"),
    ("us_in", "in, µs", "{:.1f}"),
    ("us_out", "out, µs", "{:.1f}"),
    ("p50_ms", "p50, ms", "{:.1f}"),
    ("p99_ms", "p99, ms", "{:.1f}"),
    ("max_ms", "max, ms", "{:.1f}"),
    ("lost", "lost", "{}"),
    ("doubled", "doubled", "{}"),
    ("bytes_per_tap", "B/tap", "{:.0f}"),
    ("bytes_per_listener", "B/listener", "{:.0f}"),
    ("redis_us_per_frame", "Redis, µs", "{:.1f}"),
)
QUIET = 0.03  # share of the time for which a server may wait for its own threads
PACKAGES = ("django", "channels", "daphne", "uvicorn", "uvloop", "websockets", "redis", "hiredis")


def table(rows: list[Figures], columns: tuple[tuple[str, str, str], ...] = COLUMNS) -> str:
    """Return the rows under their headings, in columns: a figure's key, its heading, its form."""
    cells = [[heading for _, heading, _ in columns]]
    cells += [[_cell(row.get(key), form) for key, _, form in columns] for row in rows]
    widths = [max(len(line[n]) for line in cells) for n in range(len(columns))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if n else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in cells
    )


def _cell(value: Any, form: str) -> str:
    return "–" if value is None else form.format(value)


def knee_lines(knees: dict[str, Any]) -> list[str]:
    """Return a line for each knee, with what was wrong beyond it."""
    lines = []
    for name, found in knees.items():
        for shape in ("listeners", "taps"):
            points = found[f"{shape}_points"]
            if not points:
                continue
            beyond = next((one for one in points if one["load"] > found[shape]), None)
            why = "no higher load was tried"
            if beyond:
                why = beyond["note"] or f"p99 {beyond['p99_ms']} ms, {beyond['lost']} lost"
                why = f"at {beyond['load']}: {why}"
            doubt = "" if all(one["trusted"] for one in points) else "; the generator was busy"
            doubt += waiting(max(one["waited"] for one in points), "; ")
            lines.append(f"knee of {name}: {found[shape]} {shape} ({why}{doubt})")
    return lines


def waiting(share: float, before: str = "") -> str:
    """Return a warning if other work ran on the machine, or "" if it was quiet."""
    if share < QUIET:
        return ""
    return f"{before}the server waited for its core {share:.0%} of the time: not a quiet machine"


def heading(machine: Figures) -> str:
    """Describe the machine in a line."""
    return (
        f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}, "
        f"{machine['date']}; the server alone on core {machine['server_core']}, "
        f"generator and Valkey on core {machine['generator_core']}"
    )


def machine(testbed: Testbed) -> Figures:
    """Return what describes the machine, and the core of each process."""
    cpus = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="minutes"),
        "cpu": cpus[0] if cpus else platform.machine(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES}
        | {"valkey": testbed.redis_version, "channels_redis": _version("channels_redis")},
        "server_core": testbed.cores.server,
        "generator_core": testbed.cores.generator,
        "on_the_generators_core": "the generator and Valkey",
        "load_average": os.getloadavg()[0],
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not here"
