"""Measures the exports: how many rows a second, and what memory grows by meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.year.figures import Figure
from bench.year.pages import client_of

EXPORTS = ("tap", "listensession", "ledgerentry")
GOAL = 20_000.0  # rows a second
MEMORY_GOAL = 10.0  # MB by which a process may grow from the first 10,000 rows on
PATIENCE = 20.0  # seconds of an export that are watched
SETTLED = 10_000  # rows


def measure(only: str) -> Iterator[Figure]:
    """Yield the rate of each export, and its growth."""
    for name in EXPORTS:
        if only in f"export/{name}":
            response = client_of("root").get(f"/admin/monitor/{name}/export.csv")
            rows, seconds, grown = asyncio.run(_read(response))
            note = f"{rows:,} rows"
            yield Figure(f"export of {name}", rows / seconds, GOAL, "rows/s", True, note)
            yield Figure(f"export of {name}, memory", grown, MEMORY_GOAL, "MB")


async def _read(response: Any) -> tuple[int, float, float]:
    """Read an export as a server does; return its rows, its seconds, and the MB it grew by."""
    began, rows, memory = time.perf_counter(), -1, 0.0
    async for part in response.streaming_content:
        rows += part.count(b"\r\n")
        if not memory and rows > SETTLED:
            memory = _memory()
        if time.perf_counter() - began > PATIENCE:
            break
    return rows, time.perf_counter() - began, _memory() - (memory or _memory())


def _memory() -> float:
    """Return the MB of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6
