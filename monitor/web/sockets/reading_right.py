"""ReadingRight: whether the user of a socket may read what is said in calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from monitor.services import permissions


class ReadingRight:
    """Knows the right as it was checked last. Losing it closes no socket: it only changes what is
    sent, and so does gaining it. ``on_change`` is called in the event loop."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_change = on_change
        self.is_held = False

    def check(self, user: Any) -> None:
        """Check the right of a user, in a thread, because it reads the database."""
        is_held = permissions.may_read_words(user)
        if is_held != self.is_held:
            self.is_held = is_held
            self._loop.call_soon_threadsafe(self._change)

    def release(self) -> None:
        """Call nothing more, and hold the socket no longer."""
        self._on_change = _ignore

    def _change(self) -> None:
        self._on_change()


def _ignore() -> None:
    """Replace a callback that was released."""
