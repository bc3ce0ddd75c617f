"""MetricsLoop: measures the gauges of a process and reports its metrics."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping

from monitor.bus.metrics import MetricsReporter
from monitor.bus.redis import Unavailable
from monitor.telemetry.metrics import Gauge
from monitor.workers.periodic import Sleep

EVERY = 1.0  # seconds

Measurements = Mapping[Gauge, Callable[[], float]]


class MetricsLoop:
    """Reports every EVERY seconds. ``measurements`` says how each gauge is measured."""

    def __init__(
        self, reporter: MetricsReporter, measurements: Measurements, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._reporter = reporter
        self._measurements = measurements
        self._sleep = sleep

    async def run(self) -> None:
        """Report until cancelled. While Redis is away, the counts are kept for later reports."""
        while True:
            await self._sleep(EVERY)
            for gauge, measure in self._measurements.items():
                gauge.set(measure())
            with contextlib.suppress(*Unavailable):
                await self._reporter.report()
