"""Outgoing: carries posts from the threads that answer requests to the loop that passes them on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from monitor.telemetry.metrics import Metrics
from monitor.wire.own_post import OwnPost


class Outgoing:
    """Takes posts from any thread, without waiting, and hands them to the one who receives them.

    Nothing is stored: what is passed on has card numbers in it, which no disk is to have. While
    nobody receives, as before the process has started, posts are dropped and counted.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._loop: asyncio.AbstractEventLoop | None = None
        self._receive: Callable[[OwnPost], None] | None = None

    def put(self, post: OwnPost) -> None:
        """Have a post passed on."""
        try:
            if self._loop is None or self._receive is None:
                raise RuntimeError("nobody receives")
            self._loop.call_soon_threadsafe(self._receive, post)
        except RuntimeError:  # which a closed loop raises, too
            self._metrics.passed_on.add(1, "dropped")

    @contextlib.contextmanager
    def received_by(self, receive: Callable[[OwnPost], None]) -> Iterator[None]:
        """Hand every post to ``receive``, in the running loop."""
        self._receive, self._loop = receive, asyncio.get_running_loop()
        try:
            yield
        finally:
            self._receive = self._loop = None
