"""Holds a streamed response back while its client does not read (Daphne).

Daphne hands every part of a response to Twisted, which keeps what the client has not taken in
memory, without a limit: three clients that asked for a long export and read nothing made the
server grow by 133 MB. uvicorn waits by itself.
"""

from __future__ import annotations

import asyncio
from typing import Any


class Pace:
    """What Twisted asks to pause and to go on (an ``IPushProducer``), for one response."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._may_send = asyncio.Event()
        self._may_send.set()
        request.registerProducer(self, True)

    async def wait(self) -> None:
        """Wait until the client has read most of what was sent, or is gone."""
        await self._may_send.wait()

    def finish(self) -> None:
        """Leave the response to Twisted, before its last part is sent."""
        self._request.unregisterProducer()

    def pauseProducing(self) -> None:  # noqa: N802  Twisted's name
        """The client has not taken 64 KiB or more."""
        self._may_send.clear()

    def resumeProducing(self) -> None:  # noqa: N802  Twisted's name
        """The client has taken everything."""
        self._may_send.set()

    def stopProducing(self) -> None:  # noqa: N802  Twisted's name
        """The client is gone: what is still sent goes nowhere."""
        self._may_send.set()
