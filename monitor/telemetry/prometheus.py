"""What Prometheus reads at /metrics: the sums of all processes, in its own text format."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from monitor.telemetry.metrics import MICROSECONDS, SUM, Counter, Gauge, Histogram, Metrics

LEDGER_ENTRIES = "earshot_ledger_chain_entries"
LEDGER_AGE = "earshot_ledger_chain_age_seconds"
LEDGER_HEAD = "earshot_ledger_head"


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


class LedgerCollector:
    """Collects how the chains of the listening ledger stand, for one scrape."""

    def __init__(
        self,
        entries: Mapping[str, int],
        ages: Mapping[str, float],
        heads: Iterable[tuple[str, int, str]],
    ) -> None:
        self._entries = entries
        self._ages = ages
        self._heads = heads

    def collect(self) -> Iterator[Metric]:
        """Yield every metric. prometheus_client calls this method by its name."""
        length = GaugeMetricFamily(
            LEDGER_ENTRIES, "Entries of each chain that was written within a day.", labels=["chain"]
        )
        for chain, entries in self._entries.items():
            length.add_metric([chain], entries)
        yield length
        age = GaugeMetricFamily(
            LEDGER_AGE, "Seconds since the newest entry of each of them.", labels=["chain"]
        )
        for chain, seconds in self._ages.items():
            age.add_metric([chain], seconds)
        yield age
        head = GaugeMetricFamily(
            LEDGER_HEAD,
            "The number of the newest published entry of each of them, with its MAC.",
            labels=["chain", "mac"],
        )
        for chain, number, mac in self._heads:
            head.add_metric([chain, mac], number)
        yield head
