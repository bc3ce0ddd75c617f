"""The rows of the table: what serves each, at which load, and what is read from it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import people
from .ground import Ground, Server, generate
from .plan import Ear, Plan, Reading, Readings, Stage

HEADER = 16  # bytes of Earshot's Frame before its samples
UVICORN = (
    *("-m", "uvicorn", "--host", "127.0.0.1", "--port", "PORT", "--loop", "uvloop"),
    *("--ws", "monitor.uvicorn:Protocol", "--timeout-graceful-shutdown", "4"),
    *("--ws-per-message-deflate", "false", "--ws-max-size", "131072", "--log-level", "warning"),
)


class Failed(Exception):
    """The load could not be put on; the text says why, and ends with the server's log."""


@dataclass(frozen=True, slots=True)
class Row:
    """Something that takes taps in and hands them to listeners."""

    name: str
    command: list[str]
    ours: bool  # speaks docs/protocol.md: tokens, sessions, Frames
    uses_redis: bool = True
    weight: float = 1.0  # of the load that Earshot's rows get: each stays below its own knee
    env: dict[str, str] = field(default_factory=dict)


ROWS = (
    Row(
        "earshot-daphne",
        ["-m", "monitor.server", "-b", "127.0.0.1", "-p", "PORT", "monitor.asgi:application"],
        ours=True,
    ),
    Row("earshot-uvicorn", [*UVICORN, "monitor.asgi:application"], ours=True),
    Row(
        "usual",
        ["-m", "daphne", "-b", "127.0.0.1", "-p", "PORT", "bench.baselines.usual.asgi:application"],
        ours=False,
        weight=0.05,
        # channels_redis is installed there only.
        env={"PYTHONPATH": str(Path(sys.prefix) / "bench")},
    ),
    Row("relay", ["-m", "bench.baselines.relay", "PORT"], ours=False, uses_redis=False),
)


@dataclass(frozen=True, slots=True)
class Load:
    """How much is measured, and for how long."""

    taps: int
    ears_per_tap: int
    settle: float  # seconds
    measure: float  # seconds

    def stages(self, weight: float) -> list[Stage]:
        """Up to the full load, with windows for memory on the way and for cost at the corners."""
        taps = max(2, round(self.taps * weight))
        ears = taps * self.ears_per_tap
        brief, settle, measure = min(0.2, self.measure), self.settle, self.measure
        return [
            Stage("half the taps", taps // 2, settle=settle, measure=brief),
            Stage("in", taps, settle=settle, measure=measure),
            Stage("half the ears", taps, ears // 2, settle=settle, measure=brief),
            Stage("out", taps, ears, settle=settle, measure=measure),
        ]


def run(
    ground: Ground, row: Row, stages: list[Stage], within: float, **env: str
) -> tuple[Readings, people.Ring | None]:
    """Serve, load, read; the ring's size in Redis where the row is ours."""
    most = stages[-1]
    people.forget()
    with Server(ground, row.command, **row.env, **env) as server:
        taps, tap_ids = _taps(row, most.taps)
        cookies = people.cookies(most.listeners, most.consoles) if row.ours else []
        plan = Plan(
            port=ground.port,
            server_pid=server.pid,
            redis_pid=ground.redis_pid if row.uses_redis else None,
            core=ground.cores.generator,
            taps=taps,
            ears=[
                Ear(n % most.taps, f"/listen/{tap_ids[n % most.taps]}", _cookie(cookies, n))
                for n in range(most.listeners)
            ],
            consoles=[_cookie(cookies, n) for n in range(most.consoles)],
            stages=stages,
            header=HEADER if row.ours else 0,
            greeting=row.ours,
        )
        readings = generate(plan, within)
        if readings.failure:
            readings.failure += f"\n{server.said()}"
        return readings, people.ring(tap_ids[0]) if row.ours else None


def _taps(row: Row, count: int) -> tuple[list[str], list[str]]:
    """Paths to send to, and names to listen to."""
    if row.ours:
        return people.open_taps(count)
    names = [f"t{n}" for n in range(count)]
    return [f"/tap/{name}" for name in names], names


def _cookie(cookies: list[str], number: int) -> str:
    return cookies[number // people.TAPS_AT_ONCE] if cookies else ""


def figures(readings: Readings, ring: people.Ring | None) -> dict[str, Any]:
    """What one run of a row comes to. Raises Failed."""
    if readings.failure:
        raise Failed(readings.failure)
    quiet, loud = readings.stage("in"), readings.stage("out")
    half_taps, half_ears = readings.stage("half the taps"), readings.stage("half the ears")
    # What the same taps cost without listeners, at the rate of the second window.
    without = quiet.server_cpu / quiet.seconds * loud.seconds
    out = (loud.server_cpu - without) / max(1, loud.units_out)
    answer: dict[str, Any] = {
        "us_in": quiet.server_cpu / quiet.frames_in * 1e6,
        "us_out": out * 1e6,
        "p50_ms": loud.p50_ms,
        "p99_ms": loud.p99_ms,
        "max_ms": loud.max_ms,
        "lost": quiet.lost + loud.lost + readings.never_came,
        "doubled": loud.doubled,
        "disordered": loud.disordered,
        "garbled": loud.garbled,
        "gone": loud.gone,
        "bytes_per_tap": _each(half_taps, quiet, quiet.taps - half_taps.taps),
        "bytes_per_listener": _each(half_ears, loud, loud.listeners - half_ears.listeners),
        "taps": loud.taps,
        "listeners": loud.listeners,
        "units_out": loud.units_out,
        "server_share": loud.server_cpu / loud.seconds,
        "generator_share": loud.generator_cpu / loud.seconds,
        "generator_late_ms": loud.late_ms,
        "redis_us_per_frame": quiet.redis_cpu / quiet.frames_in * 1e6,
        "rss": loud.rss,
    }
    if ring:
        answer |= {"ring_frames": ring.frames, "ring_audio": ring.audio, "ring_memory": ring.memory}
    return answer


def _each(before: Reading, after: Reading, more: int) -> int:
    return round((after.pss - before.pss) / more) if more else 0
