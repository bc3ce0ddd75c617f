"""Metrics: what one process counts and measures.

``monitor.bus.metrics`` adds up those of all processes, and
``monitor.telemetry.prometheus`` writes the sums for Prometheus.
"""

from __future__ import annotations

import collections
import math
import threading
from collections.abc import Callable, Iterable, Sequence

MICROSECONDS = 1_000_000  # a second; totals are whole numbers
SUM = "sum"


class Counter:
    """A number that only grows. A counter with a label has a number for each of its values.

    Any thread may add to it. That takes a lock, so the audio path adds to AudioCounts instead.
    """

    def __init__(self, name: str, description: str, label: str = "") -> None:
        self.name = name
        self.description = description
        self.label = label
        self._lock = threading.Lock()
        self._added: collections.Counter[str] = collections.Counter()

    def add(self, amount: int = 1, label_value: str = "") -> None:
        """Add to the counter."""
        with self._lock:
            self._added[label_value] += amount

    def take(self) -> dict[str, int]:
        """Return what was added since the last call, by label value, without zeros."""
        with self._lock:
            added, self._added = self._added, collections.Counter()
        return {label_value: amount for label_value, amount in added.items() if amount}


class Gauge:
    """A number that goes up and down. ``combine`` makes one number of those of all processes."""

    def __init__(
        self, name: str, description: str, combine: Callable[[Iterable[float]], float] = sum
    ) -> None:
        self.name = name
        self.description = description
        self.combine = combine
        self.value = 0.0

    def set(self, value: float) -> None:
        """Replace the value."""
        self.value = value


class Histogram:
    """How often a time in seconds was within each of some bounds, and their sum.

    Like a Counter it only grows, and any thread may add to it.
    """

    def __init__(self, name: str, description: str, bounds: Sequence[float]) -> None:
        self.name = name
        self.description = description
        self.bounds = bounds
        self._counted = Counter(name, description, label="part")

    def observe(self, seconds: float) -> None:
        """Count a time."""
        bound = next((bound for bound in self.bounds if seconds <= bound), math.inf)
        self._counted.add(1, str(bound))
        self._counted.add(round(seconds * MICROSECONDS), SUM)

    def take(self) -> dict[str, int]:
        """Return what was counted since the last call: how many times were within each bound but
        not the one before, and the sum of all in microseconds."""
        return self._counted.take()


class AudioCounts:
    """The counters of the audio path.

    They are plain integers, because a lock and a look-up for every Frame would show in the
    profile. Only the event loop's thread may touch them.
    """

    __slots__ = ("bytes_in", "frames_in", "frames_out")

    def __init__(self) -> None:
        self.bytes_in = self.frames_in = self.frames_out = 0


#: Seconds, the bounds of a Histogram's buckets.
DELAYS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """All counters and gauges of a process, whose only one is in ``monitor.bus.process``."""

    def __init__(self) -> None:
        self.audio = AudioCounts()
        self.frames_in = Counter("frames_in", "Audio messages received from taps.")
        self.bytes_in = Counter("bytes_in", "Bytes of encoded audio received from taps.")
        self.frames_out = Counter("frames_out", "Frames sent to listeners.")
        self.dropped = Counter("dropped", "Frames dropped.", label="cause")
        self.redis_reconnects = Counter(
            "redis_reconnects", "Connections to Redis that broke.", label="side"
        )
        self.webhooks = Counter("webhooks", "Status webhooks answered.", label="outcome")
        self.call_posts = Counter(
            "call_posts", "Posts about what is said in calls answered.", label="outcome"
        )
        self.call_events = Counter(
            "call_events", "Events of what is said and done in calls stored.", label="source"
        )
        self.marks_begun = Counter(
            "marks_begun", "Times a call began to need attention.", label="kind"
        )
        self.passed_on = Counter("passed_on", "Posts passed on to agents.", label="outcome")
        self.words_delay = Histogram(
            "words_delay_seconds", "Time from what is said arriving to it being sent.", DELAYS
        )
        self.media_closed = Counter(
            "media_closed",
            "Media connections that ended, by the close code we sent; 0 if the sender closed.",
            label="code",
        )
        self.pages_closed = Counter(
            "pages_closed", "Supervisors' sockets that ended.", label="code"
        )
        self.ledger_entries = Counter("ledger_entries", "Ledger entries written.")
        self.taps = Gauge("taps", "Taps whose media is connected.")
        self.listeners = Gauge("listeners", "Supervisors' sockets that hear a tap.")
        self.lag_seconds_max = Gauge(
            "lag_seconds_max", "Seconds that the slowest listener is behind.", combine=_largest
        )
        self.subscriptions = Gauge("subscriptions", "Handlers subscribed to streams of the bus.")
        self.tasks = Gauge("tasks", "Tasks in the event loops.")

    @property
    def counters(self) -> list[Counter]:
        """Every counter, in the order in which /metrics shows them."""
        return [metric for metric in vars(self).values() if isinstance(metric, Counter)]

    @property
    def histograms(self) -> list[Histogram]:
        """Every histogram, in the order in which /metrics shows them."""
        return [metric for metric in vars(self).values() if isinstance(metric, Histogram)]

    @property
    def gauges(self) -> list[Gauge]:
        """Every gauge, in the order in which /metrics shows them."""
        return [metric for metric in vars(self).values() if isinstance(metric, Gauge)]

    def take(self) -> dict[str, int]:
        """Return what was counted since the last call, by ``name`` or ``name|label value``.

        Called in the event loop's thread, because it empties ``audio``.
        """
        audio = self.audio
        self.frames_in.add(audio.frames_in)
        self.bytes_in.add(audio.bytes_in)
        self.frames_out.add(audio.frames_out)
        audio.frames_in = audio.bytes_in = audio.frames_out = 0
        counted = {
            f"{counter.name}|{label_value}" if counter.label else counter.name: amount
            for counter in self.counters
            for label_value, amount in counter.take().items()
        }
        timed = {
            f"{histogram.name}|{part}": amount
            for histogram in self.histograms
            for part, amount in histogram.take().items()
        }
        return counted | timed


def _largest(values: Iterable[float]) -> float:
    return max(values, default=0.0)
