"""What Prometheus reads: the same figures from whichever worker it asks.

Every process adds what it counted to totals in Redis once a second, and lays
its gauges beside the others', where they count while they are fresh. So a
scrape of any one worker is the whole service, and a total survives the worker
that made it. A Redis that was frozen may get a report twice, the one that was
given up and its repetition; so reports are numbered, and each is added once.
On the audio path a count is one addition to a plain integer.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

TOTALS = "metrics:totals"  # hash: name, or name|label → number
GAUGES = "metrics:gauges"  # hash: process → JSON {"at": seconds, "report": n, name: number}
FRESH = 10.0  # seconds that a process's gauges count without being renewed
FORGOTTEN = 300.0  # seconds after which they are taken away: the process was killed

#: Takes a process, its report's number, the time, the gauges or "" of a process that
#: ends, and name, amount, … to add. In Redis, for there alone is it known what was added.
REPORT = f"""
local totals, gauges = '{TOTALS}', '{GAUGES}'
local before = redis.call('HGET', gauges, ARGV[1])
if not before or cjson.decode(before).report < tonumber(ARGV[2]) then
  for i = 5, #ARGV, 2 do redis.call('HINCRBY', totals, ARGV[i], ARGV[i + 1]) end
end
if ARGV[4] == '' then
  redis.call('HDEL', gauges, ARGV[1])
elseif not before or cjson.decode(before).report <= tonumber(ARGV[2]) then
  redis.call('HSET', gauges, ARGV[1], ARGV[4])
end
local laid = redis.call('HGETALL', gauges)
for i = 1, #laid, 2 do
  if cjson.decode(laid[i + 1]).at < ARGV[3] - {FORGOTTEN:.0f} then
    redis.call('HDEL', gauges, laid[i])
  end
end
"""

#: name → (help, label or none)
COUNTERS = {
    "frames_in": ("Audio messages taken in from taps.", None),
    "bytes_in": ("Bytes of encoded audio taken in.", None),
    "frames_out": ("Frames sent to listeners.", None),
    "dropped": ("Frames dropped.", "cause"),
    "redis_reconnects": ("Connections to Redis that broke.", "side"),
    "webhooks": ("Status webhooks answered.", "outcome"),
    "media_closed": ("Media connections that ended, by our close code; 0: by the sender.", "code"),
    "pages_closed": ("Pages' sockets that ended.", "code"),
}
GAUGES_KNOWN = {
    "taps": "Taps whose media is connected.",
    "listeners": "Sockets that hear a tap.",
    "lag_seconds_max": "How far the slowest listener is behind.",
    "subscriptions": "Streams that processes read, times who wants them.",
    "tasks": "Tasks in the processes' loops.",
}
LARGEST = {"lag_seconds_max"}  # of these the largest counts, of others the sum

_counted: Counter[str] = Counter()
_lock = threading.Lock()
PROCESS = uuid.uuid4().hex


class Hot:
    """Plain integers for the audio path, where a lock and a look-up would show."""

    __slots__ = ("bytes_in", "frames_in", "frames_out")

    def __init__(self) -> None:
        self.bytes_in = self.frames_in = self.frames_out = 0


hot = Hot()


def count(name: str, amount: int = 1, label: str = "") -> None:
    """Add to a counter. From any thread; not per frame."""
    with _lock:
        _counted[f"{name}|{label}" if label else name] += amount


def take() -> dict[str, int]:
    """What was counted since the last call. In the loop's thread, whose ``hot`` it empties."""
    for name in Hot.__slots__:
        count(name, getattr(hot, name))
        setattr(hot, name, 0)
    with _lock:
        taken = {key: amount for key, amount in _counted.items() if amount}
        _counted.clear()
    return taken


class Report:
    """What a process says of itself, number by number; each until it is known to be taken."""

    def __init__(self) -> None:
        self._number = 0
        self._counted: dict[str, int] | None = None  # of a report that was not answered

    def next(self, gauges: dict[str, float] | None) -> list[str | int]:
        """The arguments of REPORT; without gauges the process ends."""
        if self._counted is None:
            self._number += 1
            self._counted = take()
        now = time.time()
        laid = {"at": now, "report": self._number, **gauges} if gauges is not None else None
        added = [word for pair in self._counted.items() for word in pair]
        return [PROCESS, self._number, f"{now:.0f}", json.dumps(laid) if laid else "", *added]

    def taken(self) -> None:
        self._counted = None

    @property
    def waits(self) -> bool:
        """Was one sent and not answered?"""
        return self._counted is not None


class Collector:
    """Reads totals and gauges for one scrape."""

    def __init__(self, totals: dict[bytes, bytes], gauges: dict[bytes, bytes]) -> None:
        self._totals = {key.decode(): int(value) for key, value in totals.items()}
        now = time.time()
        laid = [json.loads(value) for value in gauges.values()]
        self._gauges: list[dict[str, Any]] = [one for one in laid if now - one["at"] < FRESH]

    def collect(self) -> Iterator[Metric]:
        for name, (text, label) in COUNTERS.items():
            family = CounterMetricFamily(f"earshot_{name}", text, labels=[label] if label else [])
            for key, value in sorted(self._totals.items()):
                known, _, given = key.partition("|")
                if known == name:
                    family.add_metric([given] if label else [], value)
            if not label and not family.samples:
                family.add_metric([], 0)
            yield family
        for name, text in GAUGES_KNOWN.items():
            values = [one.get(name, 0) for one in self._gauges]
            together = max(values, default=0) if name in LARGEST else sum(values)
            yield GaugeMetricFamily(f"earshot_{name}", text, value=together)
        yield GaugeMetricFamily("earshot_workers", "Processes that report.", len(self._gauges))
