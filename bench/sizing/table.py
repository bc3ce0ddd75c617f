"""The tables: what one of each costs, what floors need, where the walls are, and how far the model
is off. They are Markdown, as docs/operations.md has them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from bench import report
from bench.sizing.costs import Costs
from bench.sizing.model import CORE, Floor, needs
from bench.sizing.walls import walls
from bench.sizing.wording import AUDIO, CPU, KB, MB, NEEDS, OTHERS, percent

TAPS = (100, 500, 1000, 2500, 10_000)


def lines(kept: dict[str, Any]) -> list[str]:
    """Return all tables of what is kept in the file."""
    costs = Costs.loads(json.dumps(kept["costs"]))
    return [
        report.heading(kept["machine"]),
        "",
        *each(costs),
        "",
        *floors(costs),
        "",
        *wall_lines(costs),
        "",
        *checked(kept.get("checked", [])),
        "",
        *keys(kept),
    ]


def floors(costs: Costs) -> list[str]:
    """Return what floors need."""
    found = [(floor, needs(costs, floor)) for floor in map(Floor.of, TAPS)]
    return _table(
        ["taps", "how found", *(f"{taps:,}" for taps in TAPS)],
        (
            [what, how, *(tell(floor, one) if one else "–" for floor, one in found)]
            for what, how, tell in NEEDS
        ),
    )


def each(costs: Costs) -> list[str]:
    """Return what one of each costs: all of it is measured."""
    audio = (
        [what, *_pair(unit, find(costs.one), find(costs.cluster))] for what, unit, find in AUDIO
    )
    return [
        *_table(["", "one Redis", "a cluster of three", "ratio"], audio),
        "",
        *_table(["what", "takes"], ([what, tell(costs)] for what, tell in OTHERS)),
    ]


def wall_lines(costs: Costs) -> list[str]:
    """Return the walls, the first one first."""
    return _table(
        ["at taps", "what is full", "what moves it"],
        ([f"{one.taps:,}" if one.taps else "–", one.what, one.moved_by] for one in walls(costs)),
    )


def checked(found: list[dict[str, Any]]) -> list[str]:
    """Return what was predicted beside what was measured."""
    return _table(
        ["floor", "figure", "predicted", "measured", "error"],
        (
            [
                one["of"],
                f"{one['figure']}, {one['unit']}",
                f"{one['predicted']:.1f}",
                f"{one['measured']:.1f}",
                f"{(one['predicted'] / one['measured'] - 1) * 100:+.0f} %",
            ]
            for one in found
        ),
    )


def keys(kept: dict[str, Any]) -> list[str]:
    """Return what it costs a reader to want many taps."""
    found = [
        (name, one)
        for name, key in (("one Redis", "keys"), ("a cluster of three", "keys of a cluster"))
        for one in kept.get(key, [])
    ]
    heads = ["wanted taps", "at", "round trip p50, p99", "Frame p99", "reader", "Redis", "asked"]
    return _table(
        heads,
        (
            [
                f"{one['keys']:,}",
                name,
                f"{one['trip_p50_ms']:.1f}, {one['trip_p99_ms']:.1f} ms",
                f"{one['p99_ms']:.0f} ms",
                percent(one["reader"]),
                percent(one["redis"]),
                f"{one['asked_bytes'] / MB:.1f} MB/s",
            ]
            for name, one in found
        ),
    )


def _table(heads: list[str], rows: Iterable[list[str]]) -> list[str]:
    found = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(one) + " |" for one in found]


def _pair(unit: str, one: float, cluster: float) -> list[str]:
    """Return a cost at one server and at a cluster, and their ratio."""
    scale = CORE / 100 if unit == CPU else KB
    ratio = f"{cluster / one:.2f}" if one > 0 else "–"
    return [*(f"{value / scale:,.2f} {unit}" for value in (one, cluster)), ratio]
