"""Newcomers: connections that have just been made. A few are served in each turn of the event loop.

When all pages of a floor come back at once, their 1,300 handshakes would otherwise be a turn of
a second, in which no audio is sent.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

AT_ONCE = 32  # connections; the handshake of one takes about 0.4 ms


class Newcomers:
    """Has those that are more than AT_ONCE in a turn wait for a later one."""

    def __init__(self) -> None:
        self._left = AT_ONCE  # of this turn
        self._waiting: deque[tuple[asyncio.Transport, Callable[[], None]]] = deque()

    def add(self, transport: asyncio.Transport, serve: Callable[[], None]) -> None:
        """Call ``serve`` with the connection's turn, and read no more of it until then."""
        if self._left:
            self._serve(serve)
        else:
            # uvloop would read on if it were paused before its first bytes had come.
            transport.pause_reading()
            self._waiting.append((transport, serve))

    def _serve(self, serve: Callable[[], None]) -> None:
        if self._left == AT_ONCE:
            asyncio.get_running_loop().call_soon(self._begin_turn)
        self._left -= 1
        serve()

    def _begin_turn(self) -> None:
        self._left = AT_ONCE
        while self._waiting and self._left:
            transport, serve = self._waiting.popleft()
            if not transport.is_closing():
                transport.resume_reading()
                self._serve(serve)
