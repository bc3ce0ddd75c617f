"""Keepalive: tells idle pages that their connection works."""

from __future__ import annotations

import asyncio

from monitor.fanout.open_sockets import OpenSockets

EVERY = 4.0  # seconds


class Keepalive:
    """Visits every open socket.

    A page cannot see WebSocket pings, and cannot tell a dead connection from a quiet call centre.
    """

    def __init__(self, open_sockets: OpenSockets) -> None:
        self._open_sockets = open_sockets

    async def run(self) -> None:
        """Visit all sockets every EVERY seconds, until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            self.keepalive_all()

    def keepalive_all(self) -> None:
        """Have every socket that has sent nothing since the last visit send a keepalive."""
        for socket in self._open_sockets:
            socket.keepalive_if_idle()
