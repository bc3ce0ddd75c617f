"""KnownSight: what the live list shows to the user of a console."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from monitor.services import permissions
from monitor.services.permissions import Scope, Sight

NOTHING = Sight(Scope(frozenset()), reads_words=False, full_numbers=False)


class KnownSight:
    """Knows what a user sees, as it was checked last. A change closes no socket: it only changes
    what is sent. ``before_change`` is called in the thread that checks, with the user and what the
    user will see, and ``on_change`` in the event loop."""

    def __init__(
        self, before_change: Callable[[Any, Sight], None], on_change: Callable[[], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._before_change = before_change
        self._on_change = on_change
        self.now = NOTHING  # until it is checked

    def check(self, user: Any) -> None:
        """Check what a user sees, in a thread, because it reads the database."""
        sight = permissions.sight_of(user)
        if sight != self.now:
            self._before_change(user, sight)
            self.now = sight
            self._loop.call_soon_threadsafe(self._change)

    def release(self) -> None:
        """Call nothing more, and hold the socket no longer."""
        self._on_change = _ignore

    def _change(self) -> None:
        self._on_change()


def _ignore() -> None:
    """Replace a callback that was released."""
