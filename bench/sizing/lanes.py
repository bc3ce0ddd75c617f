"""What one node of Redis carries, and what it costs a reader to want many taps."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

from bench import knee, state
from bench.child import Child
from bench.sizing.pump import READY, PumpPlan
from bench.sizing.servers import Redis, masters_of
from bench.sizing.watch import BEFORE_END, Usage, Watch
from bench.testbed import Testbed

PUMP = "bench.sizing.pump"
FIRST, MOST = 2000, 12_000  # taps of the search for a node's knee
PUMPS = 8  # of that search, at most
HEARD = 0.3  # of the taps
LIVE = 100  # taps that are heard and have audio, beside those that are wanted and have none
KEYS = (100, 1000, 5000)
SETTLE, MEASURE = 2.0, 4.0  # seconds
WITHIN = 40.0  # seconds for one pump
LOOK_EVERY = 0.05  # seconds
CORE = 1e6  # µs a second
FULL = 0.9  # of a core


@dataclass(frozen=True, slots=True)
class Pumped:
    """What one pump has found, and what it used."""

    said: dict[str, Any]
    redis: float  # µs a second
    pump: float
    usage: Usage


def node(testbed: Testbed, redis: Redis) -> dict[str, Any]:
    """Search for the taps that a node carries by itself, 30 % of which are heard."""
    seen: dict[int, Pumped] = {}
    pumps = 0

    def once(taps: int) -> knee.Point:
        nonlocal pumps
        pumps += 1
        found = seen[taps] = _pump(testbed, redis, taps, round(HEARD * taps), 0)
        share = found.redis / CORE
        idle = found.pump / CORE < FULL
        return knee.Point(taps, found.said["p99_ms"], found.said["lost"], share, 0.0, idle)

    def attempt(taps: int) -> knee.Point:
        """Try a load; once more if it is not carried, because other work may be the cause."""
        point = once(taps)
        return point if point.is_good or pumps >= PUMPS else once(taps)

    points = knee.search(attempt, FIRST, MOST, lambda: pumps < PUMPS)
    taps = knee.find(points)
    best = seen[taps]
    return {
        "node_taps": float(taps),
        "node_share": best.redis / CORE,
        "pump_share": best.pump / CORE,
        "points": [asdict(one) for one in points],
    }


def keys(testbed: Testbed, redis: Redis) -> list[dict[str, Any]]:
    """Measure a reader with ever more taps that it wants."""
    found = []
    for wanted in KEYS:
        one = _pump(testbed, redis, LIVE, LIVE, wanted - LIVE)
        told = ("trips", "trip_p50_ms", "trip_p99_ms", "p99_ms", "lost", "asked_bytes")
        figures = {name: one.said[name] for name in told}
        found.append({"keys": wanted, "redis": one.redis, "reader": one.pump, **figures})
    return found


def _pump(testbed: Testbed, redis: Redis, taps: int, heard: int, silent: int) -> Pumped:
    state.redis_client().flushall()
    plan = PumpPlan(testbed.cores.server, taps, heard, silent, SETTLE, MEASURE)
    until = time.monotonic() + WITHIN
    with Child(PUMP, plan.dumps(), testbed.directory) as child:
        _wait(child, READY, until)
        usage = Watch({"pump": child.pid, **redis.pids}, redis.masters).over(MEASURE - BEFORE_END)
        _wait(child, "}", until)
        return Pumped(child.said(), masters_of(usage), usage.cpu["pump"], usage)


def _wait(child: Child, text: str, until: float) -> None:
    while text not in child.log():
        if time.monotonic() > until:
            raise TimeoutError(f"the pump did not tell {text!r}: {child.log()[-2000:]}")
        time.sleep(LOOK_EVERY)
