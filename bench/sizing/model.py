"""The model: what floors of any size need, computed from what one of each costs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.sizing.costs import Audio, Costs, Lists

CORE = 1e6  # µs a second
#: Of what a core, or a node, can do at its knee. The rest is for calls that come in bursts, for a
#: worker that is away, and for what one machine does more slowly than another.
HEADROOM = 0.6

# The rules of the table, which is of floors that are as busy as this all the time.
HEARD = 0.3  # listeners for each tap, each of whom hears another one
CONSOLES = 0.1  # for each tap: a supervisor has a list, and hears three calls
BY_RTP = 1 / 3  # of the taps
TEAM = 50  # taps that a console shows
CALL_SECONDS = 300.0
LINES = 0.2  # a second, that are said in a call, if SignalWire tells what is said
LINE_CPU = 15_500.0  # µs of a worker for a line, as docs/benchmarks.md has it
BUSY_HOURS = 8  # a day

RING_FRAMES = 500  # RING_SECONDS of 30, CHUNK_MS of 60
KEPT_AFTER_END = 60.0  # seconds that a ring outlives its tap
NODES = 3  # masters at which a cluster was measured
LANES = 16
CHECKPOINT = 10.0  # seconds between two updates of a tap's row
HEARTBEAT = 30.0  # seconds between two updates of a listen's row
DATABASE_CONNECTIONS = 10  # of a process, at most
#: A year of a million taps without what was said, as docs/operations.md has it.
YEAR_BYTES_PER_TAP = 5720.0
YEAR_ROWS_PER_TAP = 13.3
SENT_BYTES = 50 * (160 + 8)  # a second of a tap: 20 ms of G.711 in a masked WebSocket frame


@dataclass(frozen=True, slots=True)
class Floor:
    """What goes on at the same time."""

    taps: int
    heard: int  # listeners, each of another tap
    consoles: int
    by_rtp: int = 0  # of the taps
    team: int = 0  # taps that a console shows; 0: all

    @classmethod
    def of(cls, taps: int, team: int = TEAM) -> Floor:
        """Return a floor by the rules of the table."""
        heard, consoles, by_rtp = (round(one * taps) for one in (HEARD, CONSOLES, BY_RTP))
        return cls(taps, heard, consoles, by_rtp, team)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a floor needs. CPU is in cores, memory and disk in bytes, traffic in bytes a second."""

    web_workers: int
    web_cores: float
    words_cores: float  # more, if what is said is told
    rtp_processes: int
    rtp_cores: float
    processes_memory: float
    nodes: int  # masters of Redis, each with a replica if there are several
    redis_cores: float  # of all masters
    redis_memory: float  # of all masters
    redis_in: float  # of all masters
    redis_out: float
    taps_in: float  # from SignalWire
    pages_out: float  # to listeners and consoles
    taps_a_day: float
    rows_a_day: float
    disk_a_day: float
    updates: float  # of rows, a second
    connections: int  # to PostgreSQL, at most


def worker_cpu(
    costs: Costs, audio: Audio, floor: Floor, *, taps: float, heard: float, consoles: float
) -> float:
    """Return the µs a second of a worker that has so many of the floor's taps, listeners and
    consoles. Its lists are told of the whole floor."""
    used = audio.worker + taps * audio.tap if taps else audio.listening
    used += heard * (audio.heard + audio.listener)
    if consoles:
        lists = lists_of(costs, floor)
        used += lists.first.at(floor.taps) + consoles * lists.console.at(floor.taps)
    return used


def lists_of(costs: Costs, floor: Floor) -> Lists:
    """Return what the floor's consoles cost."""
    return costs.team if floor.team else costs.everything


def redis_cpu(audio: Audio, floor: Floor, processes: float) -> float:
    """Return the µs a second of all masters of one server or of a cluster of three."""
    return processes * audio.redis_worker + redis_spread(audio, floor)


def redis_spread(audio: Audio, floor: Floor) -> float:
    """Return the part of it that more masters would share."""
    return floor.taps * audio.redis_tap + floor.heard * audio.redis_heard


def needs(costs: Costs, floor: Floor) -> Needs | None:
    """Return what a floor needs, or None if no number of processes would do."""
    one = _needs(costs, costs.one, floor)
    if one is None or one.redis_cores <= HEADROOM:
        return one
    return _needs(costs, costs.cluster, floor)


def _needs(costs: Costs, audio: Audio, floor: Floor) -> Needs | None:
    workers, web = _web(costs, audio, floor)
    rtp_room = HEADROOM * CORE - costs.rtp_process
    rtp = floor.by_rtp * costs.rtp_tap
    rtp_processes = math.ceil(rtp / rtp_room)
    nodes, redis = _redis(costs, audio, floor, workers + rtp_processes)
    if not workers or not nodes:
        return None
    lists = lists_of(costs, floor)
    told = workers * lists.first_wire.at(floor.taps) if floor.consoles else 0.0
    begun = floor.taps / CALL_SECONDS * 3600 * BUSY_HOURS
    rings = floor.taps * (1 + KEPT_AFTER_END / CALL_SECONDS)
    return Needs(
        web_workers=workers,
        web_cores=web / CORE,
        words_cores=floor.taps * LINES * LINE_CPU / CORE,
        rtp_processes=rtp_processes,
        rtp_cores=(rtp + rtp_processes * costs.rtp_process) / CORE,
        processes_memory=_memory(costs, audio, floor, workers, rtp_processes),
        nodes=nodes,
        redis_cores=redis / CORE,
        redis_memory=rings * RING_FRAMES * costs.frame_memory,
        redis_in=floor.taps * audio.tap_in + floor.heard * audio.heard_in,
        redis_out=floor.taps * audio.tap_out + floor.heard * audio.heard_out + told,
        taps_in=float(floor.taps * SENT_BYTES),
        pages_out=floor.heard * audio.listener_wire + floor.consoles * console_wire(costs, floor),
        taps_a_day=begun,
        rows_a_day=begun * YEAR_ROWS_PER_TAP,
        disk_a_day=begun * YEAR_BYTES_PER_TAP,
        updates=floor.taps / CHECKPOINT + floor.heard / HEARTBEAT,
        connections=DATABASE_CONNECTIONS * (workers + rtp_processes),
    )


def _redis(costs: Costs, audio: Audio, floor: Floor, processes: int) -> tuple[int, float]:
    """Return the masters, and the µs a second of all. There are none if no number would do: each
    process has two connections to each of them."""
    if audio is costs.one:
        return 1, redis_cpu(audio, floor, processes)
    each = processes * audio.redis_worker / NODES
    room = HEADROOM * CORE - each
    if room <= 0:
        return 0, 0.0
    spread = redis_spread(audio, floor)
    nodes = max(NODES, math.ceil(spread / room))
    return nodes, spread + nodes * each


def console_wire(costs: Costs, floor: Floor) -> float:
    """Return the bytes a second that one console is sent, of the taps that it shows."""
    return costs.everything.console_wire * (floor.team or floor.taps)


def _web(costs: Costs, audio: Audio, floor: Floor) -> tuple[int, float]:
    """Return the web workers, and the µs a second of all. There are none if no number would do."""
    lists = lists_of(costs, floor)
    by_websocket = floor.taps - floor.by_rtp
    spread = by_websocket * (audio.tap + costs.tap_begins / CALL_SECONDS)
    spread += floor.heard * (audio.heard + audio.listener)
    spread += floor.consoles * lists.console.at(floor.taps)
    each = audio.worker + (lists.first.at(floor.taps) if floor.consoles else 0.0)
    room = HEADROOM * CORE - each
    if room <= 0:
        return 0, 0.0
    workers = max(1, math.ceil(spread / room))
    return workers, spread + workers * each


def _memory(costs: Costs, audio: Audio, floor: Floor, workers: int, rtp_processes: int) -> float:
    return (
        workers * costs.worker_memory
        + (floor.taps - floor.by_rtp) * audio.tap_memory
        + floor.heard * audio.listener_memory
        + floor.consoles * lists_of(costs, floor).console_memory
        + rtp_processes * costs.rtp_base_memory
        + floor.by_rtp * costs.rtp_memory
    )
