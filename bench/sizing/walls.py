"""Walls: at how many taps something is full that more machines do not make larger."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from bench.sizing.costs import Costs
from bench.sizing.model import CORE, HEADROOM, LANES, Floor, lists_of, needs, redis_spread

#: Bytes a second of a list that a page, and its network, may well take: 8 Mbit/s.
PAGE_BYTES = 1e6
#: Bytes a second that one node may send of the stream of levels: half of 10 Gbit/s.
NODE_BYTES = 0.6e9
#: µs in which the one process that judges all calls judges one of two legs, as docs/benchmarks.md
#: has it on the slower machine.
JUDGED = 68.0
DEFAULT_RTP_PORTS = 500  # taps: RTP_PORTS has 1,000 ports, two for each
DEFAULT_CONNECTIONS = 100  # max_connections of PostgreSQL
TRIED_TAPS_KEPT = 1_000_000  # the history with which the admin's lists were measured
KEPT_DAYS = 30
MOST = 200_000  # taps
STEP = 100


class Wall(NamedTuple):
    """What is full, from so many taps on, and what moves it. 0: not up to MOST."""

    taps: int
    what: str
    moved_by: str


Full = Callable[[Floor], bool]


class Kind(NamedTuple):
    """What may be full, whether on a floor whose consoles show a team each, and what moves it."""

    what: str
    moved_by: str
    team: bool
    is_full: Full


def first(is_full: Full, team: bool = True) -> int:
    """Return the first number of taps at which something is full, or 0."""
    for taps in range(STEP, MOST + 1, STEP):
        if is_full(Floor.of(taps) if team else Floor.of(taps, team=0)):
            return taps
    return 0


def walls(costs: Costs) -> list[Wall]:
    """Return all walls, the first one first."""
    found = [Wall(first(one.is_full, one.team), one.what, one.moved_by) for one in _kinds(costs)]
    return sorted(found, key=lambda one: (one.taps == 0, one.taps))


def _kinds(costs: Costs) -> list[Kind]:
    return [*_of_settings(costs), *_of_lists(costs), *_of_audio(costs)]


def _of_settings(costs: Costs) -> list[Kind]:
    def connections(floor: Floor) -> bool:
        found = needs(costs, floor)
        return found is not None and found.connections > DEFAULT_CONNECTIONS

    def history(floor: Floor) -> bool:
        found = needs(costs, floor)
        return found is not None and found.taps_a_day * KEPT_DAYS > TRIED_TAPS_KEPT

    return [
        Kind(
            "the ports of RTP_PORTS as it is by default",
            "a larger range: 32,000 taps an address at most",
            True,
            lambda floor: floor.by_rtp > DEFAULT_RTP_PORTS,
        ),
        Kind(
            "PostgreSQL's max_connections of 100",
            "a higher one, or PgBouncer in its transaction mode",
            True,
            connections,
        ),
        Kind(
            "a history of 30 days has more taps than the admin's lists were tried with, a million",
            "KEEP_CALLS_DAYS; partitions of the tables by day",
            True,
            history,
        ),
    ]


def _of_lists(costs: Costs) -> list[Kind]:
    def reading(floor: Floor) -> bool:
        lists = lists_of(costs, floor)
        return costs.one.listening + lists.first.at(floor.taps) > HEADROOM * CORE

    def meters(floor: Floor) -> bool:
        found, lists = needs(costs, floor), lists_of(costs, floor)
        return bool(found and found.web_workers * lists.first_wire.at(floor.taps) > NODE_BYTES)

    return [
        Kind(
            "a page with all taps is sent over 8 Mbit/s of levels",
            "teams, or levels of the rows in sight only",
            False,
            lambda floor: costs.everything.console_wire * floor.taps > PAGE_BYTES,
        ),
        Kind(
            "a worker's core, for the levels of all taps, with pages that show all",
            "levels in lanes of their own, each read by the workers that need it",
            False,
            reading,
        ),
        Kind(
            "a worker's core, for the levels of all taps, with pages of teams",
            "a stream of levels for each team",
            True,
            reading,
        ),
        Kind(
            "the node that has the levels sends 5 Gbit/s of them to the workers",
            "a stream of levels for each team",
            True,
            meters,
        ),
    ]


def _of_audio(costs: Costs) -> list[Kind]:
    def one_server(floor: Floor) -> bool:
        found = needs(costs, floor)
        return found is None or found.nodes > 1

    def lanes(floor: Floor) -> bool:
        return redis_spread(costs.cluster, floor) / LANES > HEADROOM * CORE

    return [
        Kind("one server of Redis", "a cluster of three", True, one_server),
        Kind(
            "16 masters, one for each lane",
            "more lanes: LANES in monitor/bus/keys.py, while no worker runs",
            True,
            lanes,
        ),
        Kind(
            "the one process that judges which calls need attention",
            "judging by lanes, in several processes",
            True,
            lambda floor: floor.taps * JUDGED > HEADROOM * CORE,
        ),
    ]
