"""The table, the knees, and the machine they were measured on."""

from __future__ import annotations

import datetime
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .ground import Ground

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
QUIET = 0.03  # share of the time that a server waits for its own threads at most
PACKAGES = ("django", "channels", "daphne", "uvicorn", "uvloop", "websockets", "redis", "hiredis")


def table(rows: list[Figures]) -> str:
    """The rows under their headings, in columns."""
    cells = [[heading for _, heading, _ in COLUMNS]]
    cells += [[_cell(row[key], form) for key, _, form in COLUMNS] for row in rows]
    widths = [max(len(line[n]) for line in cells) for n in range(len(COLUMNS))]
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
    """The knees, and what stopped them."""
    lines = []
    for name, found in knees.items():
        for shape in ("listeners", "taps"):
            points = found[f"{shape}_points"]
            if not points:
                continue
            beyond = next((one for one in points if one["load"] > found[shape]), None)
            why = "nothing beyond was tried"
            if beyond:
                why = beyond["note"] or f"p99 {beyond['p99_ms']} ms, {beyond['lost']} lost"
                why = f"at {beyond['load']}: {why}"
            doubt = "" if all(one["trusted"] for one in points) else "; the generator was full"
            doubt += waiting(max(one["waited"] for one in points), "; ")
            lines.append(f"knee of {name}: {found[shape]} {shape} ({why}{doubt})")
    return lines


def waiting(share: float, before: str = "") -> str:
    """What to doubt of a machine where others ran too; empty if it was quiet."""
    if share < QUIET:
        return ""
    return f"{before}the server waited for its core {share:.0%} of the time: not a quiet machine"


def heading(machine: Figures) -> str:
    """The machine in a line."""
    return (
        f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}, "
        f"{machine['date']}; the server alone on core {machine['server_core']}, "
        f"generator and Valkey on core {machine['generator_core']}"
    )


def machine(ground: Ground) -> Figures:
    """What it was measured on, and where each process ran."""
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
        | {"valkey": ground.redis_version, "channels_redis": _version("channels_redis")},
        "server_core": ground.cores.server,
        "generator_core": ground.cores.generator,
        "on_the_generators_core": "the generator and Valkey",
        "load_average": os.getloadavg()[0],
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not here"
