"""Holds a streamed response back while its client does not read (Daphne).

Daphne hands every part of a response to Twisted, which keeps in memory whatever the client has
not taken, without a limit. Three clients that asked for a long export and read nothing made
the server grow by 133 MB. uvicorn waits by itself.
"""

from __future__ import annotations

import asyncio
from typing import Any


class Pace:
    """Holds one response back while Twisted says so; to Twisted it is an ``IPushProducer``."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._may_send = asyncio.Event()
        self._may_send.set()
        request.registerProducer(self, True)

    async def wait(self) -> None:
        """Wait until the client has read most of what was sent, or is gone."""
        await self._may_send.wait()

    def finish(self) -> None:
        """Stop pacing. Call it before the last part of the response is sent."""
        self._request.unregisterProducer()

    def pauseProducing(self) -> None:  # noqa: N802  Twisted's name
        """Hold the response back: 64 KiB or more wait for the client."""
        self._may_send.clear()

    def resumeProducing(self) -> None:  # noqa: N802  Twisted's name
        """Let the response go on: the client has taken everything."""
        self._may_send.set()

    def stopProducing(self) -> None:  # noqa: N802  Twisted's name
        """Let the response go on to its end: the client is gone, and nothing is kept for it."""
        self._may_send.set()
