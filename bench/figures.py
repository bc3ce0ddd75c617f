"""The figures of the table, computed from what the runs of the rows have measured."""

from __future__ import annotations

from typing import Any

from bench import state
from bench.plan import Reading, Readings
from bench.rows import Failed, Outcome

#: The figures that a row without listeners lacks.
OUT_ONLY = ("us_out", "p50_ms", "p99_ms", "max_ms", "bytes_per_listener", "listeners")


def row_figures(outcome: Outcome) -> dict[str, Any]:
    """Return the figures of one run of a row. Raises Failed."""
    readings, ring, packets = outcome
    if readings.failure:
        raise Failed(readings.failure)
    half_taps, quiet = readings.stage("half the taps"), readings.stage("in")
    answer: dict[str, Any] = {
        "us_in": quiet.server_cpu / quiet.units_in * 1e6,
        "bytes_per_tap": _each(half_taps, quiet, quiet.taps - half_taps.taps),
        "taps": quiet.taps,
        "redis_us_per_frame": quiet.redis_cpu / quiet.units_in * 1e6,
    }
    if packets:
        answer |= rtp_figures(outcome)
    elif len(readings.stages) > 2:
        answer |= _out(readings)
    else:
        answer |= dict.fromkeys(OUT_ONLY) | dict.fromkeys(("lost", "doubled")) | _common(quiet)
    if ring:
        answer |= ring_figures(ring)
    return answer


def ring_figures(ring: state.Ring) -> dict[str, int]:
    """Return the figures of a ring, by their names in the table."""
    return {f"ring_{name}": value for name, value in ring._asdict().items()}


def _out(readings: Readings) -> dict[str, Any]:
    """Return what the listeners cost, and what they received."""
    quiet, half, loud = (readings.stage(name) for name in ("in", "half the listeners", "out"))
    # What the same taps would have cost without listeners in the time of this window.
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
    """Return what became of the RTP packets.

    Nobody listens, so the receiver's own counts are compared, tap by tap, with what was sent.
    """
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
            "late": total("late"),  # arrived too late to be played
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
