"""File descriptors: how many this process may have open, and which of them clients may hold.

Whoever opens a file or accepts a connection gets the lowest number that is free (POSIX). Clients
are admitted only below a bound, so the numbers from there on stay free for the database, Redis,
static files and logs, however many clients come. Nothing needs to be counted.
"""

from __future__ import annotations

import contextlib
import logging
import os
import resource
import sys
from typing import Self

from .live.episodes import Episodes

logger = logging.getLogger(__name__)

#: Descriptors that clients never get, at the least. A thread that uses SQLite takes three: the
#: database, its write-ahead log and that log's index.
MIN_RESERVE = 64
#: One descriptor in so many is reserved where that is more: each request being answered has a
#: thread of its own.
RESERVED_SHARE = 4

TOO_MANY_FILES = (
    "%s are refused until others end: this process may have %d files open, and keeps the last %d "
    "for the database, Redis and logs. Calls that are being heard go on. Raise the limit "
    "(ulimit -n in a shell, LimitNOFILE in a systemd unit), or start more workers"
)


class DescriptorLimit:
    """Refuses clients that would take a descriptor of the reserve. The log says so once in an
    episode, which ends when nobody was refused for 10 s."""

    def __init__(self, files: int) -> None:
        self._files = files
        self._reserve = max(MIN_RESERVE, files // RESERVED_SHARE)
        self._episodes = Episodes()

    @classmethod
    def of_process(cls) -> Self:
        """Raise this process's limit as far as the system allows, and guard the new one."""
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with contextlib.suppress(OSError, ValueError):  # macOS allows less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return cls(sys.maxsize if files == resource.RLIM_INFINITY else files)

    def admits(self, descriptor: int, what: str) -> bool:
        """Return whether a client may hold this descriptor. The log calls those that are
        refused ``what``."""
        if descriptor < self._files - self._reserve:
            return True
        if self._episodes.begins(what):
            logger.error(TOO_MANY_FILES, what, self._files, self._reserve)
        return False


def next_descriptor() -> int:
    """Return the number that the next descriptor of this process will have."""
    try:
        descriptor = os.open(os.devnull, os.O_RDONLY)
    except OSError:
        return sys.maxsize  # none is left
    os.close(descriptor)
    return descriptor
