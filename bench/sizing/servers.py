"""What taps, listeners and consoles cost the servers.

All is measured at two loads, so that what grows with the load is told from what does not.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from bench import instruments, rows, state
from bench.instruments import Tally
from bench.plan import Readings, Stage
from bench.sizing.costs import Audio, Line
from bench.sizing.watch import BEFORE_END, Usage, Watch
from bench.testbed import RtpServer, Server, Testbed
from bench.wire import TapSocket, handshake, open_sockets

Figures = dict[str, Any]

OPENS_WITHIN = 60.0  # seconds
ENDS_WITHIN = 60.0
FEW, MANY = 80, 240  # taps
PER_TAP = 3  # listeners
IDLE = 1000  # taps, and the same number again
IDLE_PORTS = 250
#: Seconds after which taps without audio have been told to be silent.
FALLS_SILENT = 4.0
WINDOW = 7.0  # seconds
SHORT = 5.0  # seconds of a window without audio
FRAME_BYTES = 976  # of a Frame of 60 ms
FRAME_HEAD = 4  # bytes of a WebSocket's frame before it


@dataclass(frozen=True, slots=True)
class Redis:
    """The servers of Redis that are watched: clients of the masters, and process ids."""

    masters: list[Any]
    pids: dict[str, int]


def one_redis(testbed: Testbed) -> Redis:
    """Return the testbed's own."""
    return Redis([state.redis_client()], {"master": testbed.redis_pid})


def masters_of(usage: Usage) -> float:
    """Return the CPU of all masters."""
    return sum(used for name, used in usage.cpu.items() if name.startswith("master"))


def replicas_of(usage: Usage) -> float:
    """Return the CPU of all replicas."""
    return sum(used for name, used in usage.cpu.items() if name.startswith("replica"))


def watched(
    testbed: Testbed, row: rows.Row, stages: list[Stage], redis: Redis, *, apart: bool = False
) -> tuple[list[Usage], Readings, state.Ring]:
    """Run stages; return what each used, what the generator read, and the first tap's ring."""
    with rows.loaded(testbed, row, stages, {}, apart=apart) as running:
        pids = {"taps": running.server.pid, "listeners": running.listening.pid, **redis.pids}
        watch, found = Watch(pids, redis.masters), []
        for stage in stages:
            running.load.window(stage.name, OPENS_WITHIN)
            found.append(watch.over(stage.measure - BEFORE_END))
        readings = running.load.result(ENDS_WITHIN)
        if readings.failure:
            raise rows.Failed(f"{readings.failure}\n{running.server.log_tail()}")
        ring = state.ring(running.tap_ids[0], 0)
    return found, readings, ring


def audio(testbed: Testbed, row: rows.Row, redis: Redis) -> Figures:
    """Measure taps at one worker and their listeners at another one."""
    loads = ((FEW, 0), (MANY, 0), (MANY, MANY), (MANY, PER_TAP * MANY))
    stages = [Stage(f"{one}", *one, settle=2, measure=WINDOW) for one in loads]
    found, readings, ring = watched(testbed, row, stages, redis, apart=True)
    few, many, heard, full = found
    more = (PER_TAP - 1) * MANY
    taps = _line(few.cpu["taps"], many.cpu["taps"])
    at_redis = _line(masters_of(few), masters_of(many))
    listener = (full.cpu["listeners"] - heard.cpu["listeners"]) / more
    hearing = (heard.cpu["listeners"] - many.cpu["listeners"]) / MANY
    frames = readings.stages[-1].bytes_out / readings.stages[-1].seconds / FRAME_BYTES
    costs = Audio(
        worker=taps.fixed,
        listening=(few.cpu["listeners"] + many.cpu["listeners"]) / 2,
        tap=taps.each,
        heard=max(0.0, hearing - listener),
        listener=listener,
        redis_worker=at_redis.fixed / 2,
        redis_tap=at_redis.each,
        redis_heard=(masters_of(heard) - masters_of(many)) / MANY,
        replica_tap=_line(replicas_of(few), replicas_of(many)).each,
        tap_in=_line(few.bytes_in, many.bytes_in).each,
        tap_out=_line(few.bytes_out, many.bytes_out).each,
        heard_in=(heard.bytes_in - many.bytes_in) / MANY,
        heard_out=(heard.bytes_out - many.bytes_out) / MANY,
        listener_wire=frames * (FRAME_BYTES + FRAME_HEAD) / (PER_TAP * MANY),
        tap_memory=_line(few.memory["taps"], many.memory["taps"]).each,
        listener_memory=(full.memory["listeners"] - heard.memory["listeners"]) / more,
    )
    return {
        "audio": costs,
        "frame_memory": ring.memory / ring.frames,
        "worker_memory": _line(few.memory["taps"], many.memory["taps"]).fixed,
        "lost": readings.stages[-1].lost + readings.never_came,
        "p99_ms": readings.stages[-1].p99_ms,
    }


def rtp(testbed: Testbed, redis: Redis) -> Figures:
    """Measure taps that send RTP."""
    stages = [Stage(str(taps), taps, settle=2, measure=WINDOW) for taps in (FEW, MANY)]
    (few, many), _, _ = watched(testbed, rows.named(rows.RTP), stages, redis)
    cpu = _line(few.cpu["taps"], many.cpu["taps"])
    memory = _line(few.memory["taps"], many.memory["taps"])
    return {
        "rtp_process": cpu.fixed,
        "rtp_tap": cpu.each,
        "rtp_memory": memory.each,
        "rtp_base_memory": memory.fixed,
    }


def idle(testbed: Testbed, row: rows.Row) -> Figures:
    """Measure taps whose WebSocket is open, and which send nothing."""
    state.reset()
    with Server(testbed, row.command, **row.env) as server:
        paths, _ = state.open_taps(2 * IDLE)
        requests = [handshake(testbed.port, path) for path in paths]
        return asyncio.run(_hold(testbed.port, server.pid, requests))


async def _hold(port: int, pid: int, requests: list[bytes]) -> Figures:
    watch, tally = Watch({"taps": pid}, []), Tally()
    few = await _open(port, requests[:IDLE], tally, watch)
    before, since = instruments.cpu_seconds(pid), time.monotonic()
    many = await _open(port, requests[IDLE:], tally, watch)
    used, took = instruments.cpu_seconds(pid) - before, time.monotonic() - since
    each = (many.cpu["taps"] - few.cpu["taps"]) / IDLE
    if tally.gone:
        raise rows.Failed(f"{tally.gone} of {len(requests)} idle sockets were closed")
    return {
        "idle_tap": each,
        "idle_memory": (many.memory["taps"] - few.memory["taps"]) / IDLE,
        "tap_begins": (used * 1e6 - many.cpu["taps"] * took) / IDLE,
    }


async def _open(port: int, requests: list[bytes], tally: Tally, watch: Watch) -> Usage:
    """Open sockets, and return what the server uses once they have fallen silent."""
    for begin in range(0, len(requests), 16):
        sockets = [TapSocket(one, tally, 0) for one in requests[begin : begin + 16]]
        await open_sockets(sockets, port)
    await asyncio.sleep(FALLS_SILENT)
    return await asyncio.to_thread(watch.over, SHORT)


def idle_rtp(testbed: Testbed, redis: Redis) -> Figures:
    """Measure what a port that is bound takes before a packet comes."""
    state.reset()
    row, found = rows.named(rows.RTP), []
    with RtpServer(testbed, row.command, **row.env) as server:
        for _ in range(2):
            rows.open_taps(row, IDLE_PORTS)
            found.append(Watch({"taps": server.pid}, redis.masters).over(1.0).memory["taps"])
    return {"rtp_idle_memory": (found[1] - found[0]) / IDLE_PORTS}


def _line(few: float, many: float) -> Line:
    """Return the line through what was measured with FEW taps and with MANY."""
    return Line.through((FEW, few), (MANY, many))
