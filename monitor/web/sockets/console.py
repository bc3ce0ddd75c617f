"""ConsoleSocket: sends the live list to a page: a snapshot, then changes and levels."""

from __future__ import annotations

import json
from typing import Any

from monitor.concurrency import in_thread
from monitor.fanout.audience import Subscriber
from monitor.fanout.floor import Floor
from monitor.fanout.mailbox import Mailbox
from monitor.services import ledger, list_record, permissions, refusals
from monitor.services.permissions import Scope, Sight, TapRules
from monitor.web.sockets.base import ALIVE, SupervisorSocket
from monitor.web.sockets.known_sight import KnownSight
from monitor.web.sockets.origin import client_of
from monitor.wire.close import CloseCode, Closed

#: Messages that may wait for a slow client of uvicorn. If some were dropped, it is sent a new
#: snapshot.
BACKLOG = 200
#: Bytes that may wait in the server: the levels of 100 taps for 36 s. Daphne has no limit itself.
UNSENT = 1024 * 1024


#: Tells a page that its user sees other calls than before: the snapshot that follows is of those.
OTHER_CALLS: dict[str, Any] = {"type": "other_calls"}


class ConsoleSocket(SupervisorSocket):
    """Forwards events and levels of the calls that its user sees: every event of a call describes
    the whole call. What is said is forwarded to those who may read it."""

    def __init__(self, floor: Floor) -> None:
        super().__init__(floor, Mailbox(BACKLOG))
        self._subscriber = Subscriber(self._put)
        self._queued = 0  # messages that did not go the fast path
        self._sight = KnownSight(self._record_sight, self._on_sight_changed)
        self._is_subscribed = False
        self._needs_snapshot = False
        self._shown: Scope | None = None  # whose calls the page shows, once it shows any

    def check_access(self, user: Any, taps: TapRules) -> None:
        if not permissions.may_watch(user):
            raise Closed(CloseCode.NOT_ALLOWED, "you may not see the live list")
        try:
            self._sight.check(user)
        except ledger.NotWritten as error:
            raise Closed(CloseCode.TRY_LATER, str(error)) from None

    def _record_sight(self, user: Any, sight: Sight) -> None:
        """Write into the ledger what is said in whose calls the page shows from now on."""
        if sight.reads_words:
            list_record.begin(user, client_of(self.scope), sight)
        elif self._sight.now.reads_words:
            list_record.end(user, client_of(self.scope), "may not read words any more")

    def record_refusal(self, refused: Closed) -> None:
        refusals.live_list(self._user, client_of(self.scope))

    async def opened(self) -> None:
        # Subscribe first, so that a change during the snapshot is sent after it.
        await self._floor.consoles.subscribe(self._subscriber, self._sight.now)
        self._is_subscribed = True
        self._floor.consoles.place(self._subscriber, self._sight.now)  # it may have changed
        await self._snapshot()

    def _on_sight_changed(self) -> None:
        """Send a new snapshot of what is seen now, and from then on what belongs to that."""
        if self._is_subscribed:
            self._floor.consoles.place(self._subscriber, self._sight.now)
            self._mailbox.take()  # what the snapshot has, or what may not be seen any more
            self._needs_snapshot = True
            self._mailbox.wake.set()

    async def send_loop(self) -> None:
        """Send queued messages; when nothing is queued, hand over to the fast path."""
        while True:
            if not self._mailbox.wake.is_set():
                self._subscriber.open_fast_path(self._fast_path.open_fast_path)
            await self._mailbox.wake.wait()
            missed, self._mailbox.dropped = self._mailbox.dropped, 0
            messages = self._mailbox.take()
            if missed or self._needs_snapshot:
                self._needs_snapshot = False
                await self._snapshot()
            for message in messages:
                await self._send({"type": "websocket.send", "text": message.decode()})

    @property
    def messages_sent(self) -> int:
        return self._queued + self._subscriber.sent_directly

    def _put(self, message: bytes) -> None:
        """Queue a message that does not go the fast path."""
        self._queued += 1
        self._mailbox.put(message)

    async def on_message(self, message: dict[str, Any]) -> None:
        await self.complain("the live list takes no messages")

    async def before_close(self, closed: Closed) -> None:
        self._subscriber.close_fast_path()  # or a message would follow the close frame

    async def on_closed(self, reason: str) -> None:
        self._is_subscribed = False
        self._sight.release()
        self._floor.consoles.unsubscribe(self._subscriber)
        if self._sight.now.reads_words:
            await in_thread(list_record.end)(self._user, client_of(self.scope), reason)

    def keepalive_if_idle(self) -> None:
        if self._fast_path.unsent() > UNSENT:
            self.end(CloseCode.TOO_SLOW, "more than 1 MB behind")
        super().keepalive_if_idle()

    def send_keepalive(self) -> None:
        self._mailbox.put(json.dumps(ALIVE).encode())

    async def _snapshot(self) -> None:
        sight = self._sight.now
        text = await self._floor.live_list.snapshot(sight)
        if self._shown not in (None, sight.scope):
            await self.send_json(OTHER_CALLS)
        self._shown = sight.scope
        await self.send_text(text)
