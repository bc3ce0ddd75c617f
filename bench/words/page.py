"""A real browser that shows the live list while a line is said in each call every second."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import state
from bench.sound.page import chromium
from bench.testbed import Testbed

OBSERVER = Path(__file__).with_name("observer.js")
SETTLE = 8.0  # seconds from the first row to the window; by then the whole list has been made


async def watch(testbed: Testbed, calls: int, seconds: float) -> dict[str, Any]:
    """Show the list for ``seconds``; return what the page had to do and how late it was.

    Raises NoBrowser.
    """
    cookie = (await asyncio.to_thread(state.cookies, 0, 1))[0]
    async with chromium(testbed.directory, {}) as page:
        await page.run_first(OBSERVER.read_text())
        name, _, value = cookie.partition("=")
        await page.add_cookie(name, value, "127.0.0.1")
        await page.goto(f"http://127.0.0.1:{testbed.port}/")
        await page.wait_for("document.querySelectorAll('[data-call]').length", calls)
        await asyncio.sleep(SETTLE)
        opening = json.loads(await page.evaluate("window.observed.begin()"))
        await asyncio.sleep(seconds)
        seen = json.loads(await page.evaluate("JSON.stringify(window.observed)"))
    return figures(seen, opening, seconds)


def figures(
    seen: dict[str, Any], opening: Sequence[tuple[float, float]], seconds: float
) -> dict[str, Any]:
    """Return the figures of what ``observer.js`` has noted. All times are in ms."""
    tasks = [duration for _, duration in seen["tasks"]]
    return {
        "lines": len(seen["arrived"]),
        "arrived_p50_ms": quantile(seen["arrived"], 0.5),
        "arrived_p99_ms": quantile(seen["arrived"], 0.99),
        "shown": len(seen["shown"]),
        "shown_p50_ms": quantile(seen["shown"], 0.5),
        "shown_p99_ms": quantile(seen["shown"], 0.99),
        "long_tasks": len(tasks),
        "longest_ms": max(tasks, default=0),
        "opening_long_tasks": len(opening),
        "opening_longest_ms": max((duration for _, duration in opening), default=0),
        "frames_per_second": round(seen["frames"] / seconds, 1),
        "seconds": seconds,
    }


def quantile(values: Sequence[float], share: float) -> float:
    """Return the least value that is not below this share of them; infinity if there is none."""
    ranked = sorted(values)
    return ranked[math.ceil(share * len(ranked)) - 1] if ranked else math.inf
