"""The rows of the table: what serves each, at which load, and what is read from it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from . import people
from .ground import Ground, Load, RtpServer, Server, bound_udp_ports
from .plan import FRAME, Ear, Plan, Reading, Readings, Stage

BOUND_WITHIN = 15.0  # seconds: leases are looked at each second
HEADER = 16  # bytes of Earshot's Frame before its samples
UVICORN = (
    *("-m", "uvicorn", "--host", "127.0.0.1", "--port", "PORT", "--loop", "uvloop"),
    *("--http", "monitor.uvicorn:HttpProtocol"),
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
    transport: str = "ws"
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
    Row("earshot-rtp", ["manage.py", "rtptaps"], ours=True, transport="rtp"),
    Row("relay", ["-m", "bench.baselines.relay", "PORT"], ours=False, uses_redis=False),
)


#: What a row without listeners has not.
OUT_ONLY = ("us_out", "p50_ms", "p99_ms", "max_ms", "bytes_per_listener", "listeners")
#: The WebSocket servers of Earshot.
SERVERS = ("earshot-daphne", "earshot-uvicorn")
RTP = "earshot-rtp"


def named(name: str) -> Row:
    return next(one for one in ROWS if one.name == name)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured, and for how long, in seconds.

    Nobody listening, the server's own rounds are the writing of counters each 10 s;
    with listeners their rights are looked at each 30 s, by ours alone.
    """

    taps: int
    ears_per_tap: int
    settle: float
    quiet: float  # the window without listeners
    loud: float  # the window with all of them

    def stages(self, row: Row) -> list[Stage]:
        """Up to the full load, with windows for memory on the way and for cost at the corners."""
        taps = max(2, round(self.taps * row.weight))
        ears = taps * self.ears_per_tap
        brief, settle = min(0.2, self.quiet), self.settle
        stages = [
            Stage("half the taps", taps // 2, settle=settle, measure=brief),
            Stage("in", taps, settle=settle, measure=self.quiet),
        ]
        if row.transport == "ws":
            stages += [
                Stage("half the ears", taps, ears // 2, settle=settle, measure=brief),
                Stage("out", taps, ears, settle=settle, measure=self.loud),
            ]
        return stages


class Running(NamedTuple):
    """A server under load."""

    server: Server
    load: Load
    tap_ids: list[str]


class Outcome(NamedTuple):
    """What a run of a row left."""

    readings: Readings
    ring: people.Ring | None = None  # of its first tap, where the row is ours
    packets: list[dict[str, float]] = []  # by tap, of RTP


@contextmanager
def loaded(
    ground: Ground, row: Row, stages: list[Stage], env: Mapping[str, str], at_once: int = 16
) -> Iterator[Running]:
    """Serve, and start to put the load on."""
    most = stages[-1]
    people.forget()
    kind = RtpServer if row.transport == "rtp" else Server
    with kind(ground, row.command, **row.env, **env) as server:
        taps, tap_ids = _taps(row, most.taps)
        ears = most.listeners + most.deaf
        cookies = people.cookies(ears, most.consoles) if row.ours else []
        listeners = [
            Ear(n % most.taps, f"/listen/{tap_ids[n % most.taps]}", _cookie(cookies, n))
            for n in range(ears)
        ]
        plan = Plan(
            port=ground.port,
            server_pid=server.pid,
            redis_pid=ground.redis_pid if row.uses_redis else None,
            core=ground.cores.generator,
            taps=taps,
            ears=listeners[: most.listeners],
            deaf=listeners[most.listeners :],
            consoles=[_cookie(cookies, n) for n in range(most.consoles)],
            stages=stages,
            header=HEADER if row.ours else 0,
            greeting=row.ours,
            at_once=at_once,
        )
        with Load(plan, ground.directory) as load:
            yield Running(server, load, tap_ids)


def run(ground: Ground, row: Row, stages: list[Stage], within: float, **env: str) -> Outcome:
    """Serve, load, read."""
    with loaded(ground, row, stages, env) as running:
        readings = running.load.result(within)
        if readings.failure:
            readings.failure += f"\n{running.server.said()}"
        sent = readings.sent[0] * FRAME if readings.sent else 0
        ring = people.ring(running.tap_ids[0], sent) if row.ours else None
    packets = people.packets(running.tap_ids) if row.transport == "rtp" else []
    return Outcome(readings, ring, packets)


def _taps(row: Row, count: int) -> tuple[list[str], list[str]]:
    """Where to send to, and names to listen to. RTP's ports are received then."""
    if not row.ours:
        names = [f"t{n}" for n in range(count)]
        return [f"/tap/{name}" for name in names], names
    uris, tap_ids = people.open_taps(count, row.transport)
    if row.transport == "rtp":
        ports = {urlsplit(uri).port for uri in uris}
        until = time.monotonic() + BOUND_WITHIN
        while not ports <= bound_udp_ports():
            if time.monotonic() > until:
                raise Failed("the leased ports are not received")
            time.sleep(0.05)
    return uris, tap_ids


def _cookie(cookies: list[str], number: int) -> str:
    return cookies[number // people.TAPS_AT_ONCE] if cookies else ""


def figures(outcome: Outcome) -> dict[str, Any]:
    """What one run of a row comes to. Raises Failed."""
    readings, ring, packets = outcome
    if readings.failure:
        raise Failed(readings.failure)
    half_taps, quiet = readings.stage("half the taps"), readings.stage("in")
    answer: dict[str, Any] = {
        "us_in": quiet.server_cpu / quiet.frames_in * 1e6,
        "bytes_per_tap": _each(half_taps, quiet, quiet.taps - half_taps.taps),
        "taps": quiet.taps,
        "redis_us_per_frame": quiet.redis_cpu / quiet.frames_in * 1e6,
    }
    answer |= rtp_figures(outcome) if packets else _out(readings)
    if ring:
        answer |= ring_figures(ring)
    return answer


def ring_figures(ring: people.Ring) -> dict[str, int]:
    return {f"ring_{name}": value for name, value in ring._asdict().items()}


def _out(readings: Readings) -> dict[str, Any]:
    """What the listeners cost, and heard."""
    quiet, half, loud = (readings.stage(name) for name in ("in", "half the ears", "out"))
    # What the same taps cost without listeners, at the rate of the second window.
    without = quiet.server_cpu / quiet.seconds * loud.seconds
    return _common(loud) | {
        "us_out": (loud.server_cpu - without) / max(1, loud.units_out) * 1e6,
        "p50_ms": loud.p50_ms,
        "p99_ms": loud.p99_ms,
        "max_ms": loud.max_ms,
        "lost": quiet.lost + loud.lost + readings.never_came,
        "doubled": loud.doubled,
        "disordered": loud.disordered,
        "garbled": loud.garbled,
        "gone": loud.gone,
        "bytes_per_listener": _each(half, loud, loud.listeners - half.listeners),
        "listeners": loud.listeners,
        "units_out": loud.units_out,
    }


def rtp_figures(outcome: Outcome) -> dict[str, Any]:
    """What became of RTP packets: nobody listens, so the receiver's own count is compared, tap
    by tap, with what was sent."""
    readings, _, packets = outcome

    def total(name: str) -> int:
        return round(sum(one.get(name, 0) for one in packets))

    missed = [
        sent - round(one.get("received", 0))
        for sent, one in zip(readings.sent, packets, strict=True)
    ]
    return (
        dict.fromkeys(OUT_ONLY)
        | _common(readings.stages[-1])
        | {
            "sent": sum(readings.sent),
            "received": total("received"),
            "lost": sum(map(abs, missed)) + total("stray") + total("foreign"),
            "doubled": total("duplicate"),
            "late": total("late"),  # came after their time, and were not played
            "refused": readings.refused,
        }
    )


def _common(loud: Reading) -> dict[str, Any]:
    return {
        "server_share": loud.server_cpu / loud.seconds,
        "server_waited": loud.server_waited / loud.seconds,
        "generator_share": loud.generator_cpu / loud.seconds,
        "generator_late_ms": loud.late_ms,
        "rss": loud.rss,
    }


def _each(before: Reading, after: Reading, more: int) -> int:
    return round((after.allocated - before.allocated) / more) if more else 0
