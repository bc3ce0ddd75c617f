"""The metrics of one process, and how Prometheus reads the sums of all."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from monitor.telemetry.metrics import Counter, Metrics
from monitor.telemetry.prometheus import ServiceCollector


def exposition(totals: dict[str, int], gauges: list[dict[str, float]]) -> list[str]:
    """The lines of /metrics that are no comments."""
    registry = CollectorRegistry()
    registry.register(ServiceCollector(Metrics(), totals, gauges))
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_a_counter_counts_each_value_of_its_label() -> None:
    counter = Counter("dropped", "Frames dropped.", label="cause")
    counter.add(2, "Redis away")
    counter.add(1, "listener too slow")
    counter.add(1, "Redis away")
    assert counter.take() == {"Redis away": 3, "listener too slow": 1}
    assert counter.take() == {}


def test_what_was_counted_is_taken_once_without_zeros() -> None:
    metrics = Metrics()
    metrics.audio.frames_in += 2
    metrics.audio.bytes_in += 320
    metrics.webhooks.add(1, "stored")
    metrics.dropped.add(0, "listener too slow")
    assert metrics.take() == {"frames_in": 2, "bytes_in": 320, "webhooks|stored": 1}
    assert metrics.take() == {}


def test_every_metric_has_a_name_of_its_own() -> None:
    metrics = Metrics()
    names = [one.name for one in metrics.counters] + [one.name for one in metrics.gauges]
    names += [one.name for one in metrics.histograms]
    assert len(names) == len(set(names))


def test_a_histogram_counts_what_is_within_each_bound() -> None:
    metrics = Metrics()
    for seconds in (0.004, 0.01, 0.3, 60):
        metrics.words_delay.observe(seconds)
    totals = metrics.take()
    assert metrics.take() == {}
    lines = exposition(totals, [])
    name = "earshot_words_delay_seconds"
    assert f'{name}_bucket{{le="0.01"}} 2.0' in lines
    assert f'{name}_bucket{{le="0.25"}} 2.0' in lines
    assert f'{name}_bucket{{le="0.5"}} 3.0' in lines
    assert f'{name}_bucket{{le="+Inf"}} 4.0' in lines
    assert f"{name}_count 4.0" in lines
    assert f"{name}_sum 60.314" in lines


def test_gauges_are_summed_and_of_the_lag_the_largest_counts() -> None:
    lines = exposition({}, [{"taps": 2, "lag_seconds_max": 1.5}, {"taps": 3, "lag_seconds_max": 4}])
    assert "earshot_taps 5.0" in lines
    assert "earshot_lag_seconds_max 4.0" in lines
    assert "earshot_workers 2.0" in lines


def test_a_counter_without_a_label_is_shown_before_it_has_counted() -> None:
    lines = exposition({"dropped|Redis away": 7}, [])
    assert "earshot_frames_in_total 0.0" in lines
    assert 'earshot_dropped_total{cause="Redis away"} 7.0' in lines
    assert not [line for line in lines if line.startswith("earshot_webhooks_total")]
