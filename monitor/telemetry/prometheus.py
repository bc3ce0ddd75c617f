"""What Prometheus reads at /metrics: the sums of all processes, in its own text format."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from monitor.telemetry.metrics import MICROSECONDS, SUM, Counter, Gauge, Histogram, Metrics


class ServiceCollector:
    """Collects the service's totals and the running processes' gauges for one scrape.

    ``metrics`` says which counters and gauges exist.
    """

    def __init__(
        self, metrics: Metrics, totals: Mapping[str, int], gauges: Sequence[Mapping[str, float]]
    ) -> None:
        self._metrics = metrics
        self._totals = totals
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        """Yield every metric. prometheus_client calls this method by its name."""
        yield from map(self._counter, self._metrics.counters)
        yield from map(self._histogram, self._metrics.histograms)
        yield from map(self._gauge, self._metrics.gauges)
        yield GaugeMetricFamily(
            "earshot_workers", "Processes that report their metrics.", len(self._gauges)
        )

    def _counter(self, counter: Counter) -> Metric:
        labels = [counter.label] if counter.label else []
        family = CounterMetricFamily(f"earshot_{counter.name}", counter.description, labels=labels)
        for key, total in sorted(self._totals.items()):
            name, _, label_value = key.partition("|")
            if name == counter.name:
                family.add_metric([label_value] if labels else [], total)
        if not labels and not family.samples:
            family.add_metric([], 0)
        return family

    def _histogram(self, histogram: Histogram) -> Metric:
        bounds = [*histogram.bounds, math.inf]
        counts = [self._totals.get(f"{histogram.name}|{bound}", 0) for bound in bounds]
        names = [*map(str, histogram.bounds), "+Inf"]
        buckets = list(zip(names, itertools.accumulate(counts), strict=True))
        seconds = self._totals.get(f"{histogram.name}|{SUM}", 0) / MICROSECONDS
        name = f"earshot_{histogram.name}"
        return HistogramMetricFamily(name, histogram.description, buckets, seconds)

    def _gauge(self, gauge: Gauge) -> Metric:
        values = [process.get(gauge.name, 0) for process in self._gauges]
        name = f"earshot_{gauge.name}"
        return GaugeMetricFamily(name, gauge.description, value=gauge.combine(values))
