"""ConsoleConsumer: the live list. A snapshot, then changes, then levels."""

from __future__ import annotations

import json
from typing import Any

from django.utils import timezone

from .. import announce, staticfiles, taps
from .close import CloseCode, Closed
from .database import threaded
from .hub import Mailbox
from .page import ALIVE, PageConsumer
from .rooms import Seat
from .runtime import Runtime

#: Messages that may wait for a client that the server holds; behind that it gets a new snapshot.
BACKLOG = 200
#: Bytes that may wait in the server, for Daphne holds nobody: of 100 taps' levels 36 s.
UNSENT = 1024 * 1024


class ConsoleConsumer(PageConsumer):
    """Forwards events and meters as they are; every tap event is the whole row."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, Mailbox(BACKLOG))
        self._seat = Seat(self._hear)
        self._waited = 0  # messages that did not flow

    def allowed(self, user: Any) -> None:
        if not taps.may_watch(user):
            raise Closed(CloseCode.NOT_ALLOWED, "you may not see the live list")

    async def opened(self) -> None:
        # Entered first: a change while the snapshot is read comes behind it.
        await self._runtime.list_room.enter(self._seat)
        await self._snapshot()

    async def pump(self) -> None:
        """Send what waits for a client that is slow; else let messages flow."""
        while True:
            if not self._mailbox.wake.is_set():
                self._seat.flow(self._direct.flow)
            await self._mailbox.wake.wait()
            missed, self._mailbox.dropped = self._mailbox.dropped, 0
            messages = self._mailbox.take()
            if missed:
                await self._snapshot()
            for message in messages:
                await self._send({"type": "websocket.send", "text": message.decode()})

    @property
    def told(self) -> int:
        return self._waited + self._seat.flowed

    def _hear(self, message: bytes) -> None:
        """Take a message that does not flow."""
        self._waited += 1
        self._mailbox.put(message)

    async def heard(self, message: dict[str, Any]) -> None:
        await self.complain("the live list takes no messages")

    async def farewell(self, closed: Closed) -> None:
        self._seat.hold()  # or a message would come behind the close frame

    async def gone(self, reason: str) -> None:
        self._runtime.list_room.leave(self._seat)

    def alive(self) -> None:
        if self._direct.unsent() > UNSENT:
            self.end(CloseCode.TOO_SLOW, "more than 1 MB behind")
        super().alive()

    def say_alive(self) -> None:
        self._mailbox.put(json.dumps(ALIVE).encode())

    async def _snapshot(self) -> None:
        shown = await threaded(announce.current)()
        now = timezone.now().isoformat()
        await self.send_json(
            {"type": "snapshot", "build": staticfiles.build(), "now": now, "taps": shown}
        )
