"""Measures what ``manage.py prune`` costs those who listen meanwhile."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

from bench import rows
from bench.plan import Stage
from bench.testbed import ROOT, Testbed, end_with_parent
from bench.year.figures import Figure

SHARE = 0.1  # of the taps, of which the oldest are deleted
TAPS = 20  # live ones, with a listener each
GOAL = 20.0  # ms by which the p99 of the delay may move
STAGES = [
    Stage("before", TAPS, TAPS, settle=2, measure=15),
    Stage("meanwhile", TAPS, TAPS, settle=1, measure=60),
]
WITHIN = 150.0  # seconds
#: A prune of 100,000 taps may take so long, pauses included.
LONGEST = 900.0


def measure(only: str, testbed: Testbed) -> Iterator[Figure]:
    """Delete the oldest taps with all that belongs to them while others are heard."""
    if only not in "prune":
        return
    from monitor.models import Tap

    before = Tap.objects.count()
    with rows.loaded(testbed, rows.named(rows.SERVERS[0]), STAGES, {"CHUNK_MS": "60"}) as running:
        running.load.window("meanwhile", WITHIN)
        began = time.perf_counter()
        prune = subprocess.Popen(_command(), cwd=ROOT, preexec_fn=end_with_parent)
        readings = running.load.result(WITHIN)
        prune.wait(LONGEST)
        spent = time.perf_counter() - began
    if readings.failure:
        raise rows.Failed(readings.failure)
    alone, meanwhile = readings.stages
    moved = meanwhile.p99_ms - alone.p99_ms
    deleted = before + TAPS - Tap.objects.count()
    note = f"p99 {alone.p99_ms:.0f} before, {meanwhile.p99_ms:.0f} meanwhile"
    yield Figure("prune, live audio late by", moved, GOAL, "ms", note=note)
    yield Figure("prune, units lost", meanwhile.lost + meanwhile.gone, 0, "units")
    yield Figure(f"prune of {deleted:,} taps", spent, LONGEST, "s")


def _command() -> list[str]:
    """Return the command that deletes the oldest taps, also those that were listened to."""
    from django.db.models import Min
    from django.utils import timezone

    from monitor.models import Tap

    first = Tap.objects.aggregate(at=Min("requested_at"))["at"]
    days = str(int((timezone.now() - first) / timedelta(days=1) * (1 - SHARE)))
    return [sys.executable, "manage.py", "prune", "--calls-days", days, "--listens-days", days]
