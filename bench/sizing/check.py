"""Checks the model: what it predicts of two floors that run here, beside what is measured."""

from __future__ import annotations

from dataclasses import dataclass

from bench import rows
from bench.plan import Stage
from bench.sizing.costs import Audio, Costs
from bench.sizing.model import CORE, Floor, redis_cpu, worker_cpu
from bench.sizing.servers import Redis, masters_of, watched
from bench.testbed import Testbed

ONE = Floor(taps=200, heard=60, consoles=20)
TWO = Floor(taps=400, heard=120, consoles=20)
SETTLE, MEASURE = 2.0, 9.0  # seconds


@dataclass(frozen=True, slots=True)
class Checked:
    """One figure: what was predicted, and what was measured."""

    of: str
    figure: str
    predicted: float
    measured: float
    unit: str

    @property
    def error(self) -> float:
        """How far the prediction is off, in per cent of what was measured."""
        return (self.predicted / self.measured - 1) * 100 if self.measured else 0.0


def one_worker(testbed: Testbed, row: rows.Row, redis: Redis, costs: Costs) -> list[Checked]:
    """Check a floor on one worker, with one server of Redis."""
    audio, of = costs.one, _name(ONE, "one worker, one Redis")
    seen, _, _ = watched(testbed, row, [_stage(ONE)], redis)
    all_of_it = worker_cpu(costs, audio, ONE, taps=ONE.taps, heard=ONE.heard, consoles=ONE.consoles)
    wire = costs.everything.first_wire.at(ONE.taps)
    return [
        _share(of, "worker", all_of_it, seen[0].cpu["taps"]),
        _share(of, "Redis", redis_cpu(audio, ONE, 1), masters_of(seen[0])),
        *_wire(of, ONE, audio, wire, seen[0].bytes_in, seen[0].bytes_out),
    ]


def two_workers(testbed: Testbed, row: rows.Row, redis: Redis, costs: Costs) -> list[Checked]:
    """Check a floor whose taps are at one worker and its listeners and consoles at another, with a
    cluster of three."""
    audio, of = costs.cluster, _name(TWO, "two workers, a cluster of three")
    seen, _, _ = watched(testbed, row, [_stage(TWO)], redis, apart=True)
    taps = worker_cpu(costs, audio, TWO, taps=TWO.taps, heard=0, consoles=0)
    hearing = worker_cpu(costs, audio, TWO, taps=0, heard=TWO.heard, consoles=TWO.consoles)
    wire = costs.everything.first_wire.at(TWO.taps)
    return [
        _share(of, "worker of the taps", taps, seen[0].cpu["taps"]),
        _share(of, "worker of the listeners", hearing, seen[0].cpu["listeners"]),
        _share(of, "Redis, three masters", redis_cpu(audio, TWO, 2), masters_of(seen[0])),
        *_wire(of, TWO, audio, wire, seen[0].bytes_in, seen[0].bytes_out),
    ]


def one_node(costs: Costs) -> list[Checked]:
    """Check what the servers' figures say of a node at its knee, which a pump has found."""
    taps = round(costs.node_taps)
    floor = Floor(taps, round(0.3 * taps), 0)
    of = _name(floor, "one node")
    predicted = redis_cpu(costs.one, floor, 1)
    return [_share(of, "Redis", predicted, costs.node_share * CORE)]


def _name(floor: Floor, where: str) -> str:
    return f"{floor.taps} taps, {floor.heard} listeners, {floor.consoles} consoles: {where}"


def _stage(floor: Floor) -> Stage:
    return Stage("all", floor.taps, floor.heard, floor.consoles, settle=SETTLE, measure=MEASURE)


def _share(of: str, figure: str, predicted: float, measured: float) -> Checked:
    return Checked(of, figure, predicted / CORE * 100, measured / CORE * 100, "% of a core")


def _wire(
    of: str, floor: Floor, audio: Audio, lists: float, bytes_in: float, bytes_out: float
) -> list[Checked]:
    """Return what Redis receives and sends. ``lists`` is what it sends for them."""
    sent = floor.taps * audio.tap_out + floor.heard * audio.heard_out + lists
    received = floor.taps * audio.tap_in + floor.heard * audio.heard_in
    return [
        Checked(of, "to Redis", received / 1e6, bytes_in / 1e6, "MB/s"),
        Checked(of, "from Redis", sent / 1e6, bytes_out / 1e6, "MB/s"),
    ]
