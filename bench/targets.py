"""The targets, and whether the figures reach them."""

from __future__ import annotations

from statistics import median
from typing import Any

Figures = dict[str, Any]

#: The figure, the row that has the target, the row that it is compared with, the ratio at most,
#: as a number and in words, and what else to know.
RATIOS = (
    ("us_in", "earshot-daphne", "usual", 1 / 9, "1/9", ""),
    ("us_in", "earshot-uvicorn", "usual", 1 / 12, "1/12", ""),
    ("us_in", "earshot-uvicorn", "relay", 1.1, "1.1", ""),
    ("us_in", "earshot-uvicorn", "earshot-no-voices", 1.1, "1.1", "what voices cost"),
    ("us_in", "earshot-rtp", "earshot-daphne", 1.5, "1.5", "both on asyncio's own loop"),
    ("us_in", "earshot-rtp", "earshot-uvicorn", 1.5, "1.5", "which has uvloop"),
    ("us_out", "earshot-daphne", "usual", 1 / 12, "1/12", ""),
    ("us_out", "earshot-uvicorn", "usual", 1 / 24, "1/24", ""),
    ("us_out", "earshot-uvicorn", "relay", 0.7, "0.7", ""),
)
#: The delays at half the knee, by the length of a chunk in ms: the figure, and its ms at most.
DELAYS = {60: (("p50_ms", 70), ("p99_ms", 100)), 20: (("p99_ms", 30),)}
CONSOLES = 2  # per cent of a core, at most
BYTES = (("bytes_per_tap", 100_000), ("bytes_per_listener", 60_000))
RING = 1.3  # memory of a ring in Redis, at most, as a multiple of the bytes of its Frames


def ratios(runs: list[dict[str, Figures]]) -> list[Figures]:
    """Return the median over the runs of each ratio, whose two sides are of the same run."""
    done = []
    for key, ours, theirs, target, wording, note in RATIOS:
        seen = [
            run[ours][key] / run[theirs][key]
            for run in runs
            if ours in run and theirs in run and run[theirs][key] > 0
        ]
        if seen:
            ratio = median(seen)
            done.append(
                {
                    "figure": key,
                    "of": ours,
                    "to": theirs,
                    "ratio": round(ratio, 4),
                    "lowest": round(min(seen), 4),
                    "highest": round(max(seen), 4),
                    "target": wording,
                    "note": note,
                    "reached": ratio <= target,
                }
            )
    return done


def limits(
    rows: list[Figures], delays: list[Figures], consoles: list[Figures], rtp: Figures | None
) -> list[Figures]:
    """Return every other figure that has a target."""
    done = []
    for one in delays:
        name = f"{one['name']}, {one['chunk_ms']} ms chunks"
        done += [limit(key, name, one[key], most, "ms") for key, most in DELAYS[one["chunk_ms"]]]
    done += [
        limit(f"{one['consoles']} consoles", one["name"], one["extra_percent"], CONSOLES, "% core")
        for one in consoles
    ]
    for row in (one for one in rows if one["name"].startswith("earshot")):
        done += [
            limit(key, row["name"], row[key], most, "B")
            for key, most in BYTES
            if row[key] is not None
        ]
        ring = round(row["ring_memory"] / max(1, row["ring_audio"]), 3)
        done.append(limit("ring in Redis", row["name"], ring, RING, "× its bytes"))
    if rtp:
        name = f"{rtp['taps']} RTP taps"
        done += [limit(key, name, rtp[key], 0, "packets") for key in ("lost", "doubled", "late")]
        done.append(limit("ring", name, rtp["ring_broken"], 0, "frames broken"))
    return done


def limit(figure: str, of: str, value: float, most: float, unit: str) -> Figures:
    """Return a figure with its target, and whether it is reached."""
    return {
        "figure": figure,
        "of": of,
        "value": value,
        "limit": most,
        "unit": unit,
        "reached": value <= most,
    }


def lines(found: list[Figures]) -> list[str]:
    """Return a line for each limit."""
    return [
        f"{one['figure']} of {one['of']}: {one['value']} {one['unit']}, target ≤ {one['limit']}: "
        f"{verdict(one['reached'])}"
        for one in found
    ]


def ratio_lines(found: list[Figures]) -> list[str]:
    """Return a line for each ratio."""
    return [
        f"{one['figure']:<6} {one['of']:<15} / {one['to']:<15} = {one['ratio']:.3f} "
        f"({one['lowest']:.3f} to {one['highest']:.3f}), target {one['target']}: "
        f"{verdict(one['reached'])}{one['note'] and ' (' + one['note'] + ')'}"
        for one in found
    ]


def verdict(reached: bool | None) -> str:
    """Return the verdict in words; None means that there is no limit."""
    return "–" if reached is None else "reached" if reached else "not reached"
