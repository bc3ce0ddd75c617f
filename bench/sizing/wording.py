"""The words of the tables: the name of each figure, its unit, and how it was found."""

from __future__ import annotations

from collections.abc import Callable

from bench.sizing.costs import Audio, Costs
from bench.sizing.model import CORE, Floor, Needs

KB, MB, GB = 1e3, 1e6, 1e9
CPU, KB_S = "% of a core", "kB/s"

#: What audio costs, and in which unit.
AUDIO: tuple[tuple[str, str, Callable[[Audio], float]], ...] = (
    ("a worker with taps, whatever their number", CPU, lambda one: one.worker),
    ("a worker without taps", CPU, lambda one: one.listening),
    ("100 taps, at their worker", CPU, lambda one: 100 * one.tap),
    ("100 taps that are heard, at the listeners' worker", CPU, lambda one: 100 * one.heard),
    ("100 listeners, at their worker", CPU, lambda one: 100 * one.listener),
    ("a process, at all masters", CPU, lambda one: one.redis_worker),
    ("100 taps, at all masters", CPU, lambda one: 100 * one.redis_tap),
    ("100 taps that are heard, at all masters", CPU, lambda one: 100 * one.redis_heard),
    ("100 taps, at the replicas", CPU, lambda one: 100 * one.replica_tap),
    ("a tap, to its master", KB_S, lambda one: one.tap_in),
    ("a tap, from its master", KB_S, lambda one: one.tap_out),
    ("a tap that is heard, to its master", KB_S, lambda one: one.heard_in),
    ("a tap that is heard, from its master", KB_S, lambda one: one.heard_out),
    ("a listener, from the worker", KB_S, lambda one: one.listener_wire),
    ("memory of the worker, a tap", "kB", lambda one: one.tap_memory),
    ("memory of the worker, a listener", "kB", lambda one: one.listener_memory),
)
SHOWN = 1000  # taps of a floor whose lists are told of
#: What else was measured, and how it is told.
OTHERS: tuple[tuple[str, Callable[[Costs], str]], ...] = (
    ("an `rtptaps`, whatever its number of taps", lambda one: percent(one.rtp_process)),
    ("100 taps by RTP", lambda one: percent(100 * one.rtp_tap)),
    (
        f"that a worker has consoles, {SHOWN:,} taps, all shown",
        lambda one: percent(one.everything.first.at(SHOWN)),
    ),
    (
        "the same, a team of 50 taps is shown",
        lambda one: percent(one.team.first.at(SHOWN)),
    ),
    (
        f"100 consoles, {SHOWN:,} taps, all shown",
        lambda one: percent(100 * one.everything.console.at(SHOWN)),
    ),
    (
        "the same, a team of 50 taps is shown",
        lambda one: percent(100 * one.team.console.at(SHOWN)),
    ),
    (
        "levels, to a console, of each tap that it shows",
        lambda one: f"{one.everything.console_wire:,.0f} B/s",
    ),
    ("memory of a console", lambda one: f"{one.everything.console_memory / KB:,.0f} kB"),
    ("100 idle taps (WebSocket)", lambda one: percent(100 * one.idle_tap)),
    (
        "memory of an idle tap, by WebSocket and by RTP",
        lambda one: f"{one.idle_memory / KB:,.0f} kB, {one.rtp_idle_memory / KB:,.0f} kB",
    ),
    ("memory of a tap by RTP with audio", lambda one: f"{one.rtp_memory / KB:,.0f} kB"),
    (
        "memory of a web worker, of an `rtptaps`",
        lambda one: f"{one.worker_memory / MB:,.0f} MB, {one.rtp_base_memory / MB:,.0f} MB",
    ),
    ("a tap that begins, at its worker", lambda one: f"{one.tap_begins / 1_000:,.1f} ms"),
    ("a Frame of 60 ms in a ring", lambda one: f"{one.frame_memory:,.0f} B"),
    (
        "one node, 30 % of the taps heard",
        lambda one: (
            f"{one.node_taps:,.0f} taps at {one.node_share:.0%} of its core "
            f"(the process that wrote and read them: {one.pump_share:.0%})"
        ),
    ),
)
RULE, COMPUTED = "the rule", "computed"
FROM_THE_YEAR = "computed from the measured year"
FROM_WORDS = "computed from a line's measured cost"

#: A need's name, how it was found, and how it is told of a floor.
NEEDS: tuple[tuple[str, str, Callable[[Floor, Needs], str]], ...] = (
    ("listeners, consoles", RULE, lambda floor, _: f"{floor.heard:,}, {floor.consoles:,}"),
    (
        "web workers (their cores)",
        COMPUTED,
        lambda _, one: f"{one.web_workers:,} ({one.web_cores:.1f})",
    ),
    ("more cores, if words are told", FROM_WORDS, lambda _, one: f"{one.words_cores:.1f}"),
    (
        "`rtptaps` (their cores)",
        COMPUTED,
        lambda _, one: f"{one.rtp_processes:,} ({one.rtp_cores:.1f})",
    ),
    ("memory of both", COMPUTED, lambda _, one: f"{one.processes_memory / GB:.1f} GB"),
    (
        "masters of Redis (their cores)",
        COMPUTED,
        lambda _, one: f"{one.nodes:,} ({one.redis_cores:.1f})",
    ),
    ("memory of a master", COMPUTED, lambda _, one: f"{one.redis_memory / one.nodes / GB:.2f} GB"),
    (
        "a master receives, sends",
        COMPUTED,
        lambda _, one: f"{_mb(one.redis_in / one.nodes)}, {_mb(one.redis_out / one.nodes)} MB/s",
    ),
    ("SignalWire sends", COMPUTED, lambda _, one: f"{_mb(one.taps_in)} MB/s"),
    ("the pages receive", COMPUTED, lambda _, one: f"{_mb(one.pages_out)} MB/s"),
    ("a process receives and sends", COMPUTED, lambda _, one: f"{_mb(_traffic(one))} MB/s"),
    ("rows updated a second", COMPUTED, lambda _, one: f"{one.updates:,.0f}"),
    ("taps a day", RULE, lambda _, one: f"{one.taps_a_day:,.0f}"),
    ("rows a day", FROM_THE_YEAR, lambda _, one: f"{one.rows_a_day / 1e6:.1f} million"),
    ("disk a day", FROM_THE_YEAR, lambda _, one: f"{one.disk_a_day / GB:.2f} GB"),
    ("connections to PostgreSQL", COMPUTED, lambda _, one: f"{one.connections:,} at most"),
)


def percent(cpu: float) -> str:
    """Return µs a second as a share of a core."""
    return f"{cpu / CORE * 100:.1f} %"


def _mb(value: float) -> str:
    return f"{value / MB:,.1f}"


def _traffic(one: Needs) -> float:
    """Return the bytes a second that a process receives and sends."""
    total = one.taps_in + one.pages_out + one.redis_in + one.redis_out
    return total / (one.web_workers + one.rtp_processes)
