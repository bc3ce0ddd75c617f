"""The metrics with which a worker answers Prometheus."""

from __future__ import annotations

import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from monitor.bus.process import Process
from monitor.telemetry.prometheus import LEDGER_AGE, LEDGER_ENTRIES, LEDGER_HEAD
from tests.support.servers import Server


def served() -> set[str]:
    """Return the names of all series that /metrics has."""
    metrics = Process().metrics
    counters = {f"earshot_{one.name}_total" for one in metrics.counters}
    histograms = {f"earshot_{one.name}_bucket" for one in metrics.histograms}
    gauges = {f"earshot_{one.name}" for one in metrics.gauges}
    ledger = {LEDGER_ENTRIES, LEDGER_AGE, LEDGER_HEAD}
    return counters | histograms | gauges | ledger | {"earshot_workers"}


def scrape(server: Server) -> dict[str, float]:
    """Return the value of each name, or name{label}."""
    with urllib.request.urlopen(f"{server.url}/metrics") as answer:
        text = answer.read().decode()
    return {
        sample.name + "".join(f"{{{value}}}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
