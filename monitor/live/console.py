"""ConsoleConsumer: the live list. A snapshot, then changes, then levels."""

from __future__ import annotations

import json
from typing import Any

from django.utils import timezone

from .. import taps
from . import bus
from .close import CloseCode, Closed
from .database import threaded
from .hub import Mailbox
from .page import ALIVE, PageConsumer
from .runtime import Runtime

BACKLOG = 200  # messages; behind that the page gets a new snapshot


class ConsoleConsumer(PageConsumer):
    """Forwards events and meters as they are; every tap event is the whole row."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, Mailbox(BACKLOG))
        self._idle = False  # does the pump wait for something to send?
        self._told = 0

    def allowed(self, user: Any) -> None:
        if not taps.may_watch(user):
            raise Closed(CloseCode.NOT_ALLOWED, "you may not see the live list")

    async def opened(self) -> None:
        # Subscribed first: a change while the snapshot is read comes behind it.
        await self._runtime.hub.subscribe(bus.EVENTS, self._hear)
        await self._runtime.hub.subscribe(bus.METERS, self._hear)
        await self._snapshot()

    async def pump(self) -> None:
        while True:
            self._idle = True
            await self._mailbox.wake.wait()
            self._idle = False
            missed, self._mailbox.dropped = self._mailbox.dropped, 0
            messages = self._mailbox.take()
            if missed:
                await self._snapshot()
            for message in messages:
                await self._send({"type": "websocket.send", "text": message.decode()})

    def _hear(self, message: bytes) -> None:
        """Send an event or levels on at once, if nothing stands before them."""
        self._told += 1
        ready = self._idle and not self._mailbox.wake.is_set()
        if not (ready and self._direct.write_text(message)):
            self._mailbox.put(message)

    @property
    def told(self) -> int:
        return self._told

    async def heard(self, message: dict[str, Any]) -> None:
        await self.complain("the live list takes no messages")

    async def gone(self, reason: str) -> None:
        self._runtime.hub.unsubscribe(bus.EVENTS, self._hear)
        self._runtime.hub.unsubscribe(bus.METERS, self._hear)

    def say_alive(self) -> None:
        self._mailbox.put(json.dumps(ALIVE).encode())

    async def _snapshot(self) -> None:
        shown = await threaded(taps.current)()
        now = timezone.now().isoformat()
        await self.send_json({"type": "snapshot", "now": now, "taps": shown})
