"""PageConsumer: what the sockets of a page share, whatever they carry.

One task reads, one writes, and a third thing may end both at any time: a lost
right, a listener too slow, a tap that is over. The writer may hang in ``send``
behind a client that does not read, so nothing that ends a socket waits for it.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from channels.consumer import AsyncConsumer

from .. import direct, metrics, passwords
from ..allowance import Allowance
from . import bus
from .auth import App
from .close import RESTART, CloseCode, Closed
from .database import threaded
from .hub import Mailbox
from .runtime import Runtime

LAST_WORDS = 1.0  # seconds that a client has to take the close frame
ALIVE: dict[str, Any] = {"type": "alive"}
GONE = (RuntimeError, OSError)  # what servers raise from a send to a closed socket
MAX_MESSAGE = 4 * 1024  # bytes; an ack has 40
#: Messages without sense that are answered at once, and then each second. More of them
#: would have the answers pile up for a client that may not read.
NONSENSE_BURST, NONSENSE_RATE = 200, 5.0


class PageConsumer(AsyncConsumer):  # type: ignore[misc]  # channels has no types
    """A socket of a signed-in user. Subclasses say who may, and what is sent."""

    def __init__(self, runtime: Runtime, mailbox: Mailbox) -> None:
        self._runtime = runtime
        self._mailbox = mailbox  # what the pump is to send
        self._nonsense = Allowance(NONSENSE_BURST, NONSENSE_RATE)
        self._told_before = 0  # when it was last asked to be alive
        self._ended: asyncio.Future[Closed] = asyncio.get_running_loop().create_future()

    def allowed(self, user: Any) -> None:
        """Raise Closed if this user may not have this socket (any more). Reads the database."""
        raise NotImplementedError

    async def opened(self) -> None:
        """Subscribe, and send what comes first."""
        raise NotImplementedError

    async def pump(self) -> None:
        """Send what comes, for ever."""
        raise NotImplementedError

    async def heard(self, message: dict[str, Any]) -> None:
        """Take a client's message."""

    @property
    def told(self) -> int:
        """How many messages came by themselves so far, and were sent or soon will be."""
        raise NotImplementedError

    def say_alive(self) -> None:
        """Queue a sign of life."""
        raise NotImplementedError

    async def farewell(self, closed: Closed) -> None:
        """Send what comes last, before the close frame."""

    async def gone(self, reason: str) -> None:
        """Unsubscribe and write down how it ended."""

    async def __call__(self, scope: dict[str, Any], receive: App, send: App) -> None:
        self.scope = scope
        self._send = send
        self._direct = direct.of(scope)
        self._user = scope["user"]
        self.session_key = scope["session"].session_key or ""
        self.user_id = self._user.pk
        await receive()  # websocket.connect
        # Accepted even where refused: a page cannot read why a handshake failed.
        await send({"type": "websocket.accept"})
        closed = Closed(CloseCode.DONE, "the page left")
        try:
            closed = await self._closed(receive)
            # First: of 200 pages that end at once each would wait for the others' rows.
            await self._say_goodbye(closed)
        finally:
            self._runtime.rights.forget(self)
            metrics.count("pages_closed", label=str(int(closed.code)))
            await self.gone(str(closed))

    def end(self, code: CloseCode, reason: str) -> None:
        """End the socket from wherever; the first to say so is believed."""
        if not self._ended.done():
            self._ended.set_result(Closed(code, reason))

    def alive(self) -> None:
        """Give a sign of life, if none was given since the last time: a page cannot see
        WebSocket pings, and a dead link looks like a call centre at rest."""
        told = self.told
        if told == self._told_before:
            self.say_alive()
        self._told_before = told

    async def send_json(self, message: dict[str, Any]) -> None:
        try:
            await self._send({"type": "websocket.send", "text": json.dumps(message)})
        except GONE:
            # Not to be taken for a Redis that is away, which is an OSError too.
            raise Closed(CloseCode.DONE, "the page left") from None

    async def _closed(self, receive: App) -> Closed:
        """Serve the page until it is closed, and say why."""
        try:
            return await self._serve(receive)
        except Closed as refusal:
            return refusal
        except asyncio.CancelledError:
            return RESTART
        except bus.Unavailable:
            return Closed(CloseCode.TRY_LATER, "the audio bus is away")

    async def _serve(self, receive: App) -> Closed:
        if not self._user.is_authenticated:
            raise Closed(CloseCode.NOT_SIGNED_IN, "not signed in")
        if passwords.must_change(self.scope["session"]):
            raise Closed(CloseCode.NOT_ALLOWED, "change your password first")
        self._runtime.rights.watch(self)  # first: a right may be lost while it is looked at
        await threaded(self.allowed)(self._user)
        await self.opened()
        tasks = [asyncio.create_task(one) for one in (self._read(receive), self.pump())]
        try:
            waited: set[asyncio.Future[Any]] = {*tasks, self._ended}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        if self._ended.done():
            return self._ended.result()
        for outcome in outcomes:
            # A send to a client that has just left fails with one of these.
            if isinstance(outcome, Exception) and not isinstance(outcome, GONE):
                raise outcome
        return Closed(CloseCode.DONE, "the page left")

    async def _read(self, receive: App) -> None:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text") or ""
            try:
                content = json.loads(text) if len(text) <= MAX_MESSAGE else None
            except (ValueError, RecursionError):
                content = None
            if isinstance(content, dict):
                await self.heard(content)
            else:
                await self.complain(f"a message is a JSON object of up to {MAX_MESSAGE} bytes")

    async def complain(self, reason: str) -> None:
        """Answer a message that makes no sense. Raises Closed for one too many."""
        if not self._nonsense.spend():
            raise Closed(CloseCode.POLICY, "too many messages that make no sense")
        await self.send_json({"type": "error", "reason": reason})

    async def _say_goodbye(self, closed: Closed) -> None:
        try:
            async with asyncio.timeout(LAST_WORDS):
                await self.farewell(closed)
                await self._send(closed.message)
        except (TimeoutError, Closed, *GONE):
            pass  # the client is gone already, or takes nothing any more
