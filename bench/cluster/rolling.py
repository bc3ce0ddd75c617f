"""The rolling restart: what listeners miss while all workers restart, one after the other."""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import state
from bench.cluster.clients import Client, Ear, SendingTap
from bench.cluster.floor import DRAIN, ClusterFloor, Size

Figures = dict[str, Any]
Log = Callable[[str], None]

TAPS = 60  # with a listener each
SETTLE = 5.0  # seconds before the first worker restarts, and after the last
WITHIN = 300.0  # seconds, for everything


def measure(log: Log) -> Figures:
    """Restart the workers of a floor under load."""
    with tempfile.TemporaryDirectory(prefix="earshot-rolling-") as directory:
        log("starting the floor")
        with ClusterFloor(Path(directory), Size(calls=0)) as floor:
            os.environ |= floor.env
            state.prepare()
            paths, taps = state.open_taps(TAPS)
            cookies = state.cookies(TAPS, 0)
            return asyncio.run(_roll(floor, paths, taps, cookies, log))


async def _roll(
    floor: ClusterFloor, paths: list[str], taps: list[str], cookies: list[str], log: Log
) -> Figures:
    sent, heard = Counter[int](), Counter[int]()
    trust = floor.nginx.trust
    senders = [SendingTap(floor.url + path, trust, sent, "") for path in paths]
    ears = [
        Ear(f"{floor.url}/listen/{tap}", trust, heard, cookies[number // state.TAPS_AT_ONCE])
        for number, tap in enumerate(taps)
    ]
    clients: list[Client] = [*senders, *ears]
    tasks = [asyncio.create_task(one.run()) for one in clients]
    await asyncio.sleep(SETTLE)
    took = []
    for name in floor.workers:
        log(f"restarting {name}")
        began = time.monotonic()
        await asyncio.to_thread(floor.end_worker, name)
        floor.start_worker(name)
        await asyncio.to_thread(floor.wait_for_worker, name)
        took.append(time.monotonic() - began)
    await asyncio.sleep(SETTLE)
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    if failed := [one for one in outcomes if isinstance(one, Exception)]:
        raise failed[0]
    return _figures(took, ears, sent, heard)


def _figures(
    took: list[float], ears: list[Ear], sent: Counter[int], heard: Counter[int]
) -> Figures:
    return {
        "workers": len(took),
        "drain": DRAIN,
        "took": max(took),
        "listeners": len(ears),
        "hear": sum(1 for ear in ears if ear.is_hearing),
        "silences": _spread([one for ear in ears for one in ear.silences]),
        "gaps": _spread([one for ear in ears for one in ear.gaps]),
        "lost_frames": sum(ear.lost_frames for ear in ears),
        "sender_codes": dict(sent),
        "listener_codes": dict(heard),
    }


def _spread(seconds: list[float]) -> dict[str, float]:
    if not seconds:
        return {"count": 0, "p50": 0.0, "max": 0.0}
    return {"count": len(seconds), "p50": statistics.median(seconds), "max": max(seconds)}


def lines(result: Figures) -> list[str]:
    """Return the figures in sentences."""
    moved, gaps = result["silences"], result["gaps"]
    return [
        f"{result['workers']} workers restarted one after the other, {result['took']:.1f} s each "
        f"at most, of which {result['drain']} s are the drain; {result['listeners']} listeners of "
        f"as many taps, of whom {result['hear']} hear at the end",
        f"listeners moved: {moved['count']}; without audio for {moved['p50']:.2f} s (p50), "
        f"{moved['max']:.2f} s (max)",
        f"taps moved, with their gap told: {gaps['count']} gaps of {gaps['p50']:.2f} s (p50), "
        f"{gaps['max']:.2f} s (max)",
        f"Frames that were missing and not told: {result['lost_frames']}",
        f"connections ended, by code: listeners {result['listener_codes']}, "
        f"senders {result['sender_codes']}",
    ]
