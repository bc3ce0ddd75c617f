"""``python -m bench``: see ``--help``, and docs/benchmarks.md."""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from bench import failovers, faults, plot, report, rows, soak, state, suite, targets
from bench.cluster import rolling
from bench.sound import rows as sound_rows
from bench.sound import table as sound_table
from bench.sound.page import BROWSERS
from bench.storm import table as storm_table
from bench.testbed import Testbed
from bench.words import table as words_table

GRACE = 4  # seconds after the deadline until the benchmark is aborted


def main() -> None:
    """Measure what the options ask for, and print and write the result."""
    options = _options()
    signal.signal(signal.SIGALRM, _too_long)
    signal.signal(signal.SIGTERM, _ended)
    result, text = _measured(options)
    print(text)
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=1) + "\n")
    if options.plot and "knee" in result:
        Path(options.plot).write_text(plot.svg(plot.series(result["knee"])))


def _measured(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    if options.sound is not None:
        return _sound(options)
    if options.words:
        return _words(options)
    if options.storm:
        return _storm(options)
    if options.rolling:
        return _rolling()
    return _long_run(options) if options.soak or options.faults else _table(options)


def _sound(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Measure what a listener hears."""
    names = options.sound or sound_rows.NAMES
    browsers = [options.browser] if options.browser else BROWSERS
    seconds = options.minutes * 60 if options.minutes else sound_table.SECONDS
    within = sound_table.within(names, browsers, seconds)
    _log(f"{within / 60:.0f} min at most")
    signal.alarm(int(within) + GRACE)
    with Testbed() as testbed:
        result = sound_table.measure(testbed, names, browsers, seconds, _log)
    lines = sound_table.lines(result) + [f"left out: {what}" for what in result["skipped"]]
    return result, "\n".join(lines)


def _words(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Measure what live words cost, and how long they take to the pages."""
    _log(f"{words_table.WITHIN / 60:.0f} min at most")
    signal.alarm(int(words_table.WITHIN) + GRACE)
    with Testbed() as testbed:
        row = rows.named(options.only or rows.SERVERS[0])
        result = words_table.measure(testbed, row, _log)
    lines = words_table.lines(result) + [f"left out: {what}" for what in result["skipped"]]
    return result, "\n".join(lines)


def _storm(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Measure how long it takes until all who come at once hear and see."""
    servers = [options.only] if options.only else rows.SERVERS
    within = storm_table.WITHIN * len(servers)
    _log(f"{within / 60:.0f} min at most")
    signal.alarm(int(within) + GRACE)
    with Testbed() as testbed:
        result = storm_table.measure(testbed, servers, _log)
    return result, "\n".join(storm_table.lines(result))


def _rolling() -> tuple[dict[str, Any], str]:
    """Measure what listeners miss while all workers of a floor restart."""
    _log(f"{rolling.WITHIN / 60:.0f} min at most")
    signal.alarm(int(rolling.WITHIN) + GRACE)
    result = rolling.measure(_log)
    return result, "\n".join(rolling.lines(result))


def _table(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    names = [options.only] if options.only else [row.name for row in rows.ROWS]
    scale = suite.QUICK if options.quick else suite.FULL
    runs = 1 if options.quick else options.runs
    within = scale.within(names, runs)
    _log(f"{within / 60:.0f} min at most")
    signal.alarm(int(within) + GRACE)
    result = _measure(scale, names, runs, within)
    return result, _text(result)


def _long_run(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Measure what is not in the table: faults, a soak."""
    servers = [one for one in rows.SERVERS if options.only in (None, one)]
    within = len(servers) * (faults.LENGTH + failovers.LENGTH) if options.faults else 0
    within += options.soak * 60 + soak.OVERHEAD if options.soak else 0
    _log(f"{within / 60:.0f} min at most")
    signal.alarm(int(within) + GRACE)
    with Testbed() as testbed:
        state.prepare()
        result: dict[str, Any] = {"rows": [], "machine": report.machine(testbed), "skipped": []}
        lines = [report.heading(result["machine"]), ""]
        if options.faults:
            result["faults"] = []
            for made in (
                kind(testbed, server, _log)
                for server in servers
                for kind in (faults.Faults, failovers.Failovers)
            ):
                made.run()
                result["faults"] += made.figures
                result["skipped"] += made.skipped
            lines += faults.lines(result["faults"])
        if options.soak:
            row = rows.named(options.only or rows.SERVERS[0])
            result["soak"] = soak.run(testbed, row, options.soak, options.soak_taps, _log)
            lines += soak.lines(result["soak"])
    lines += [f"left out: {what}" for what in result["skipped"]]
    return result, "\n".join(lines)


def _log(text: str) -> None:
    print(f"… {text}", file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/bench",
        description="Measure what Earshot costs per 20 ms of audio, beside two baselines.",
    )
    parser.add_argument("--quick", action="store_true", help="a small load and one run, under 60 s")
    parser.add_argument("--runs", type=int, default=5, help="runs of every row, interleaved (5)")
    parser.add_argument(
        "--only", choices=[row.name for row in rows.ROWS], help="measure one row alone"
    )
    parser.add_argument(
        "--soak", type=_minutes, metavar="MINUTES", help="instead, keep one load for this long"
    )
    parser.add_argument(
        "--soak-taps", type=int, default=120, help="taps of the soak, with a listener each (120)"
    )
    parser.add_argument("--faults", action="store_true", help="instead, make faults under load")
    parser.add_argument(
        "--sound",
        nargs="*",
        metavar="ROW",
        help=f"instead, measure what a listener hears; all of: {', '.join(sound_rows.NAMES)}",
    )
    _add_floor_options(parser)
    parser.add_argument("--browser", choices=BROWSERS, help="measure the sound in one alone")
    parser.add_argument("--minutes", type=_minutes, help="length of each row of the sound (30 s)")
    parser.add_argument("--json", metavar="FILE", help="write all figures to FILE")
    parser.add_argument("--plot", metavar="FILE", help="write an SVG of p99 against load to FILE")
    options = parser.parse_args()
    of_one_server = options.faults or options.words or options.storm
    if of_one_server and options.only not in (None, *rows.SERVERS):
        parser.error(f"--faults, --words and --storm take only {' or '.join(rows.SERVERS)}")
    if unknown := set(options.sound or ()) - set(sound_rows.NAMES):
        parser.error(f"--sound has no row {', '.join(sorted(unknown))}")
    return options


def _add_floor_options(parser: argparse.ArgumentParser) -> None:
    """Add what is measured of a whole floor."""
    parser.add_argument(
        "--words", action="store_true", help="instead, measure what is said in 500 calls"
    )
    parser.add_argument(
        "--storm", action="store_true", help="instead, have all pages of a floor come at once"
    )
    parser.add_argument(
        "--rolling", action="store_true", help="instead, restart the workers of a floor"
    )


def _minutes(text: str) -> float:
    """Parse a duration. It allows for three samples, 10 s apart, at least, and a day at most."""
    with contextlib.suppress(ValueError):
        if 0.5 <= float(text) <= 24 * 60:
            return float(text)
    raise argparse.ArgumentTypeError("use minutes, from 0.5 to 1440")


def _measure(scale: suite.Scale, names: list[str], runs: int, within: float) -> dict[str, Any]:
    with Testbed() as testbed:
        state.prepare()
        machine = report.machine(testbed)
        measured = suite.Suite(testbed, scale, within, _log)
        cost = measured.cost(names, runs)
        medians = suite.medians(cost)
        rtp = measured.rtp_taps() if rows.RTP in names else None
        consoles = measured.consoles(names)
        knees = measured.knees(names, "taps")
        delays = measured.delays(knees)
        for name, found in measured.knees(names, "listeners").items():
            knees[name] |= found
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
    lines = [
        report.heading(result["machine"]),
        "Server CPU per 20 ms of audio: in, received from a tap; out, sent to one listener.",
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
        f"{one['extra_percent']} % of a core more ({min(one['extras'])} to {max(one['extras'])})"
        for one in result["consoles"]
    ]
    shares = [row["server_waited"] for run in result["runs"] for row in run.values()]
    lines += [f"left out: {what}" for what in result["skipped"]]
    lines += [report.waiting(max(shares, default=0.0), "in one window ")]
    return "\n".join(lines).rstrip()


def _too_long(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit("bench: aborted after its deadline")


def _ended(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit("bench: ended by SIGTERM")


if __name__ == "__main__":
    main()
