"""Instruments: CPU and memory of a process, and a histogram of delays."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

BIN = 1e-4  # seconds
BINS = 100_000  # up to 10 s; a longer delay counts as 10 s
SILENT = 0.5  # seconds without a message that count as an interruption
_CPUCLOCK_SCHED = 2  # linux/posix-timers.h


def cpu_seconds(pid: int) -> float:
    """Return a process's CPU time in seconds, user and system, to the nanosecond.

    It reads the clock that clock_getcpuclockid(3) names, because /proc/<pid>/stat counts in
    ticks of 10 ms, and a window has few of them.
    """
    return time.clock_gettime(((~pid) << 3) | _CPUCLOCK_SCHED)


def waited_seconds(pid: int) -> float:
    """Return for how many seconds a process's main thread was ready but had no core.

    The server is alone on its core. If this is more than its own other threads cost, somebody
    else's work is part of every delay.
    """
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def handles(pid: int) -> tuple[int, int]:
    """Return how many open files and threads a process has."""
    of = Path(f"/proc/{pid}")
    return sum(1 for _ in (of / "fd").iterdir()), sum(1 for _ in (of / "task").iterdir())


def memory(pid: int) -> tuple[int, int]:
    """Return how many bytes a process has allocated, and its RSS.

    RSS counts code too. PSS counts the process's share of the code, which moves by some MB when
    another Python starts or ends.
    """
    said = dict.fromkeys(("Anonymous", "Rss"), 0)
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, _, value = line.partition(":")
        if name in said:
            said[name] = int(value.split()[0]) * 1024
    return said["Anonymous"], said["Rss"]


class Tally:
    """Counts what listeners received since the last ``reset``.

    Its counters are public, because they are on a hot path.
    """

    def __init__(self) -> None:
        self.codes: Counter[int] = Counter()  # of the sockets that the server closed; never reset
        self.refused = 0  # datagrams that nobody received; never reset
        self.reset()

    @property
    def gone(self) -> int:
        """How many sockets the server has closed; never reset."""
        return self.codes.total()

    def reset(self) -> None:
        """Begin a window with all other counters at zero."""
        self.bins = [0] * (BINS + 1)
        self.units_in = self.units_out = self.bytes_out = 0
        self.lost = self.doubled = self.disordered = self.garbled = 0
        self.late = 0.0  # seconds, the most that a turn was behind the schedule
        self.silence = 0.0  # seconds, the longest that a listener heard nothing
        self.resumed_at = 0.0  # monotonic seconds: the last end of a silence of over SILENT

    def heard(self, delay: float) -> None:
        """Count something that came ``delay`` seconds after it was sent."""
        self.bins[min(max(int(delay / BIN), 0), BINS)] += 1
        self.units_out += 1

    def quantile(self, share: float) -> float:
        """Return the delay in ms within which this share of the units was delivered."""
        wanted = share * sum(self.bins)
        for number, count in enumerate(self.bins):
            wanted -= count
            if wanted <= 0 and count:
                return round((number + 1) * BIN * 1000, 1)
        return 0.0

    def longest(self) -> float:
        """Return the longest delay in ms."""
        return self.quantile(1.0)
