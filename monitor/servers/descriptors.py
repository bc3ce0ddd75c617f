"""File descriptors: how many this process may have open, and which of them clients may hold.

Whoever opens a file or accepts a connection gets the lowest number that is free (POSIX). Clients
are admitted only below a bound, so the numbers from there on stay free for the database, Redis,
static files and logs, however many clients come. No connection has to be counted for that.
"""

from __future__ import annotations

import contextlib
import logging
import os
import resource
import sys
from typing import Self

from monitor.telemetry.episodes import Episodes

logger = logging.getLogger(__name__)

#: The least number of descriptors that are reserved, so that no client gets them. A thread that
#: uses SQLite takes three: the database, its write-ahead log and that log's index.
MIN_RESERVE = 64
#: One descriptor in RESERVE_ONE_IN is reserved if that is more, because each request that is
#: being answered has a thread of its own.
RESERVE_ONE_IN = 4

TOO_MANY_FILES = (
    "%s are refused until others end: this process may have %d files open, and keeps the last %d "
    "for the database, Redis and logs. Calls that are being heard go on. Raise the limit "
    "(ulimit -n in a shell, LimitNOFILE in a systemd unit), or start more workers"
)


class DescriptorLimit:
    """Refuses clients that would take a reserved descriptor.

    It logs the first refusal, and the next only after 10 s without one.
    """

    def __init__(self, files: int) -> None:
        self._files = files
        self._reserve = max(MIN_RESERVE, files // RESERVE_ONE_IN)
        self._episodes = Episodes()

    @classmethod
    def of_process(cls) -> Self:
        """Raise the process's own limit as far as the system allows, and return it."""
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with contextlib.suppress(OSError, ValueError):  # macOS allows less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return cls(sys.maxsize if files == resource.RLIM_INFINITY else files)

    def admits(self, descriptor: int, what: str) -> bool:
        """Return whether a client may hold this descriptor. ``what`` names it in the log."""
        if descriptor < self._files - self._reserve:
            return True
        if self._episodes.begins(what):
            logger.error(TOO_MANY_FILES, what, self._files, self._reserve)
        return False

    def admits_next(self, what: str) -> bool:
        """Return whether a client may hold the next descriptor that this process opens."""
        return self.admits(_next_descriptor(), what)


def _next_descriptor() -> int:
    """Return the number that the next descriptor of this process will have."""
    try:
        descriptor = os.open(os.devnull, os.O_RDONLY)
    except OSError:
        return sys.maxsize  # none is left
    os.close(descriptor)
    return descriptor
