"""Instruments: CPU and memory of a process, and a histogram of delays."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

BIN = 1e-4  # seconds
BINS = 100_000  # 10 s; longer delays count as that
SILENT = 0.5  # seconds without a message that count as an interruption
_CPUCLOCK_SCHED = 2  # linux/posix-timers.h


def cpu_seconds(pid: int) -> float:
    """CPU time of a whole process in seconds, user and system, to the nanosecond.

    The clock that clock_getcpuclockid(3) names: /proc/<pid>/stat counts in
    ticks of 10 ms, and forgets nothing either, but a window has few of them.
    """
    return time.clock_gettime(((~pid) << 3) | _CPUCLOCK_SCHED)


def waited_seconds(pid: int) -> float:
    """How long a process's main thread has wanted its core and not had it, in seconds.

    The server is alone on its core: what is more than its own threads cost is
    another's work, and in every delay.
    """
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def handles(pid: int) -> tuple[int, int]:
    """Open files and threads of a process."""
    of = Path(f"/proc/{pid}")
    return sum(1 for _ in (of / "fd").iterdir()), sum(1 for _ in (of / "task").iterdir())


def memory(pid: int) -> tuple[int, int]:
    """What a process has allocated, and its RSS, in bytes.

    RSS counts code too, and PSS counts that by its share, which moves by some MB when
    another Python starts or ends.
    """
    said = dict.fromkeys(("Anonymous", "Rss"), 0)
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, _, value = line.partition(":")
        if name in said:
            said[name] = int(value.split()[0]) * 1024
    return said["Anonymous"], said["Rss"]


class Meter:
    """What listeners saw since the last ``reset``. Counters are public: it is a hot path."""

    def __init__(self) -> None:
        self.codes: Counter[int] = Counter()  # of the sockets that the server closed, ever
        self.refused = 0  # datagrams that nobody received, ever
        self.reset()

    @property
    def gone(self) -> int:
        """Sockets that the server closed, ever."""
        return self.codes.total()

    def reset(self) -> None:
        self.bins = [0] * (BINS + 1)
        self.frames_in = self.units_out = self.bytes_out = 0
        self.lost = self.doubled = self.disordered = self.garbled = 0
        self.late = 0.0  # seconds
        self.silence = 0.0  # seconds, the longest that a listener heard nothing
        self.resumed_at = 0.0  # monotonic seconds: the last end of a silence of over SILENT

    def quantile(self, share: float) -> float:
        """A delay in ms that this share of the units was delivered within."""
        wanted = share * sum(self.bins)
        for number, count in enumerate(self.bins):
            wanted -= count
            if wanted <= 0 and count:
                return round((number + 1) * BIN * 1000, 1)
        return 0.0

    def longest(self) -> float:
        """The longest delay in ms."""
        return self.quantile(1.0)
