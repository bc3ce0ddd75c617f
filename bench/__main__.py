"""``python -m bench``: see ``--help``, and docs/benchmarks.md."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from . import people, plot, report, rows, suite, targets
from .ground import Ground

SLACK = 1.2  # of the time that a run takes by computation: what does not fit is left out
GRACE = 4  # seconds after the deadline until everything is ended where it stands


def main() -> None:
    """Measure, print, write."""
    options = _options()
    names = [options.only] if options.only else [row.name for row in rows.ROWS]
    signal.signal(signal.SIGALRM, _too_long)
    signal.signal(signal.SIGTERM, _ended)
    scale = suite.QUICK if options.quick else suite.FULL
    runs = 1 if options.quick else options.runs
    within = scale.deadline or SLACK * scale.seconds(names, runs)
    _say(f"{within / 60:.0f} min at most")
    signal.alarm(int(within) + GRACE)
    result = _measure(scale, names, runs, within)
    print(_text(result))
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=1) + "\n")
    if options.plot:
        Path(options.plot).write_text(plot.svg(plot.series(result["knee"])))


def _say(text: str) -> None:
    print(f"… {text}", file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/bench",
        description="What Earshot costs per 20 ms of audio, beside two baselines.",
    )
    parser.add_argument("--quick", action="store_true", help="small, one run, under 60 s")
    parser.add_argument("--runs", type=int, default=5, help="of every row, interleaved (5)")
    parser.add_argument("--only", choices=[row.name for row in rows.ROWS], help="one row alone")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    parser.add_argument("--plot", metavar="FILE", help="write p99 against load there, an SVG")
    return parser.parse_args()


def _measure(scale: suite.Scale, names: list[str], runs: int, within: float) -> dict[str, Any]:
    with Ground() as ground:
        people.prepare()
        machine = report.machine(ground)
        measured = suite.Suite(ground, scale, within, _say)
        cost = measured.cost(names, runs)
        medians = suite.medians(cost)
        rtp = measured.rtp_taps() if rows.RTP in names else None
        consoles = measured.consoles(names)
        knees = measured.knees(names)
        delays = measured.delays(knees)
        return {
            "rows": medians,
            "machine": machine,
            "knee": knees,
            "ratios": targets.ratios(cost),
            "targets": targets.limits(medians, delays, consoles, rtp),
            "delays": delays,
            "consoles": consoles,
            "rtp": rtp,
            "runs": cost,
            "skipped": measured.skipped,
        }


def _text(result: dict[str, Any]) -> str:
    machine = result["machine"]
    lines = [
        f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}, "
        f"{machine['date']}; the server alone on core {machine['server_core']}, "
        f"generator and Valkey on core {machine['generator_core']}",
        "Server CPU per 20 ms of audio: in, taken from a tap; out, handed to one listener.",
        "",
        report.table(result["rows"]),
        "",
        *targets.ratio_lines(result["ratios"]),
        *targets.lines(result["targets"]),
        *report.knee_lines(result["knee"]),
    ]
    if rtp := result["rtp"]:
        lines.append(
            f"{rtp['taps']} RTP taps in one process: {rtp['server_share']:.0%} of its core, "
            f"{rtp['us_in']} µs a packet; {rtp['sent']} sent, {rtp['received']} received, "
            f"{rtp['lost']} lost, {rtp['late']} late"
        )
    lines += [
        f"delay of {one['name']}, {one['chunk_ms']} ms chunks, {one['taps']} taps with a "
        f"listener each: p50 {one['p50_ms']}, p99 {one['p99_ms']}, max {one['max_ms']} ms"
        for one in result["delays"]
    ]
    lines += [
        f"{one['consoles']} consoles beside {one['taps']} taps on {one['name']}: "
        f"{one['extra_percent']} % of a core more"
        for one in result["consoles"]
    ]
    lines += [f"left out: {what}" for what in result["skipped"]]
    return "\n".join(lines)


def _too_long(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit("bench: over its time; ended")


def _ended(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit("bench: ended")


if __name__ == "__main__":
    main()
