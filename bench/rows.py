"""The rows of the table: the server of each, its load, and a run of both."""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from bench import state
from bench.plan import UNIT, Listener, Plan, Readings, Stage
from bench.testbed import Load, RtpServer, Server, Testbed, bound_udp_ports, free_port

BOUND_WITHIN = 15.0  # seconds; leases are read once a second
HEADER = 16  # bytes before the samples of a Frame
UVICORN = (
    "-m",
    "uvicorn",
    "--host",
    "127.0.0.1",
    "--port",
    "PORT",
    "--loop",
    "uvloop",
    "--http",
    "monitor.servers.uvicorn:HttpProtocol",
    "--ws",
    "monitor.servers.uvicorn:Protocol",
    "--timeout-graceful-shutdown",
    "4",
    "--ws-per-message-deflate",
    "false",
    "--ws-max-size",
    "131072",
    "--log-level",
    "warning",
)


class Failed(Exception):
    """The load was not reached. The text says why, and ends with the server's log."""


@dataclass(frozen=True, slots=True)
class Row:
    """A server that receives taps and sends them to listeners."""

    name: str
    command: list[str]
    ours: bool  # whether it speaks docs/protocol.md: tokens, sessions, Frames
    uses_redis: bool = True
    transport: str = "ws"
    has_listeners: bool = True
    #: Share of the load of Earshot's rows, so that each row stays below its own knee.
    weight: float = 1.0
    env: dict[str, str] = field(default_factory=dict)


ROWS = (
    Row(
        "earshot-daphne",
        [
            "-m",
            "monitor.servers.daphne",
            "-b",
            "127.0.0.1",
            "-p",
            "PORT",
            "monitor.asgi:application",
        ],
        ours=True,
    ),
    Row("earshot-uvicorn", [*UVICORN, "monitor.asgi:application"], ours=True),
    Row(
        "earshot-no-voices",
        [*UVICORN, "monitor.asgi:application"],
        ours=True,
        has_listeners=False,
        env={"VOICE_ACTIVITY": "false"},
    ),
    Row(
        "usual",
        ["-m", "daphne", "-b", "127.0.0.1", "-p", "PORT", "bench.baselines.usual.asgi:application"],
        ours=False,
        weight=0.05,
        # Only there is channels_redis installed.
        env={"PYTHONPATH": str(Path(sys.prefix) / "bench")},
    ),
    Row("earshot-rtp", ["manage.py", "rtptaps"], ours=True, transport="rtp", has_listeners=False),
    Row("relay", ["-m", "bench.baselines.relay", "PORT"], ours=False, uses_redis=False),
)


#: The WebSocket servers of Earshot.
SERVERS = ("earshot-daphne", "earshot-uvicorn")
RTP = "earshot-rtp"


def named(name: str) -> Row:
    """Return the row with this name."""
    return next(one for one in ROWS if one.name == name)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured, and for how long, in seconds.

    Windows hold whole rounds of what the server does beside the audio. Without listeners it
    writes counters every 10 s. With listeners, Earshot also checks their rights every 30 s.
    """

    taps: int
    listeners_per_tap: int
    settle: float
    quiet: float  # of the window without listeners
    loud: float  # of the window with all listeners

    def stages(self, row: Row) -> list[Stage]:
        """Return the stages up to the full load.

        Memory is measured from half the load to all of it; cost without listeners and with all.
        """
        taps = max(2, round(self.taps * row.weight))
        listeners = taps * self.listeners_per_tap
        brief, settle = min(0.2, self.quiet), self.settle
        stages = [
            Stage("half the taps", taps // 2, settle=settle, measure=brief),
            Stage("in", taps, settle=settle, measure=self.quiet),
        ]
        if row.has_listeners:
            stages += [
                Stage("half the listeners", taps, listeners // 2, settle=settle, measure=brief),
                Stage("out", taps, listeners, settle=settle, measure=self.loud),
            ]
        return stages


class Running(NamedTuple):
    """A server under load."""

    server: Server
    load: Load
    tap_ids: list[str]
    listening: Server  # where the listeners and the consoles are


class Outcome(NamedTuple):
    """What a run of a row has measured."""

    readings: Readings
    ring: state.Ring | None = None  # of its first tap, if the row is ours
    packets: list[dict[str, float]] = []  # by tap, if the row is RTP


@contextmanager
def loaded(
    testbed: Testbed,
    row: Row,
    stages: list[Stage],
    env: Mapping[str, str],
    at_once: int = 16,
    *,
    apart: bool = False,
) -> Iterator[Running]:
    """Start the server, and then the load generator. With ``apart``, another server is started for
    the listeners and the consoles, on the same core."""
    state.reset()
    kind = RtpServer if row.transport == "rtp" else Server
    there = copy.copy(testbed)
    there.port = free_port() if apart else testbed.port
    whole = {**row.env, "ALLOWED_ORIGINS": f"http://127.0.0.1:{there.port}", **env}
    with ExitStack() as stack:
        server = stack.enter_context(kind(testbed, row.command, **whole))
        listening = stack.enter_context(Server(there, row.command, **whole)) if apart else server
        taps, tap_ids = open_taps(row, stages[-1].taps)
        plan = _plan(testbed, row, stages, server.pid, taps, tap_ids)
        plan = replace(plan, at_once=at_once, listen_port=there.port)
        load = stack.enter_context(Load(plan, testbed.directory))
        yield Running(server, load, tap_ids, listening)


def _plan(
    testbed: Testbed,
    row: Row,
    stages: list[Stage],
    server_pid: int,
    taps: list[str],
    tap_ids: list[str],
) -> Plan:
    """Return what the load generator is to do: the listeners take turns with the taps."""
    most = stages[-1]
    count = most.listeners + most.non_reading
    cookies = state.cookies(count, most.consoles) if row.ours else []
    listeners = [
        Listener(n % most.taps, f"/listen/{tap_ids[n % most.taps]}", _cookie(cookies, n))
        for n in range(count)
    ]
    return Plan(
        port=testbed.port,
        server_pid=server_pid,
        redis_pid=testbed.redis_pid if row.uses_redis else None,
        core=testbed.cores.generator,
        taps=taps,
        listeners=listeners[: most.listeners],
        non_reading=listeners[most.listeners :],
        consoles=[_cookie(cookies, n) for n in range(most.consoles)],
        stages=stages,
        header=HEADER if row.ours else 0,
        greeting=row.ours,
    )


def run(testbed: Testbed, row: Row, stages: list[Stage], within: float, **env: str) -> Outcome:
    """Run a row through its stages. Raises Failed."""
    with loaded(testbed, row, stages, env) as running:
        readings = running.load.result(within)
        if readings.failure:
            readings.failure += f"\n{running.server.log_tail()}"
        sent = readings.sent[0] * UNIT if readings.sent else 0
        ring = state.ring(running.tap_ids[0], sent) if row.ours else None
    packets = state.packets(running.tap_ids) if row.transport == "rtp" else []
    return Outcome(readings, ring, packets)


def open_taps(row: Row, count: int) -> tuple[list[str], list[str]]:
    """Return where to send to, and by which names to listen. RTP ports are bound by then."""
    if not row.ours:
        names = [f"t{n}" for n in range(count)]
        return [f"/tap/{name}" for name in names], names
    uris, tap_ids = state.open_taps(count, row.transport)
    if row.transport == "rtp":
        ports = {urlsplit(uri).port for uri in uris}
        until = time.monotonic() + BOUND_WITHIN
        while not ports <= bound_udp_ports():
            if time.monotonic() > until:
                raise Failed("the leased ports were not bound")
            time.sleep(0.05)
    return uris, tap_ids


def _cookie(cookies: list[str], number: int) -> str:
    return cookies[number // state.TAPS_AT_ONCE] if cookies else ""
