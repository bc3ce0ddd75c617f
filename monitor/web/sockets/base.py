"""SupervisorSocket: what the sockets of listeners and consoles have in common.

One task reads and one sends. Others may end both at any time, because a right is lost, a
listener is too slow, or a tap is over. The send loop may hang in ``send`` to a client that
does not read, so nothing that ends a socket waits for it.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

from channels.consumer import AsyncConsumer

from monitor.bus.redis import Unavailable
from monitor.fanout.floor import Floor
from monitor.fanout.mailbox import Mailbox
from monitor.services import second_factor
from monitor.services.permissions import TapRules
from monitor.services.sign_ins import SignIn
from monitor.web import password_change
from monitor.web.sockets.origin import App, session_key_of
from monitor.wire import fast_path
from monitor.wire.allowance import Allowance
from monitor.wire.close import RESTART, CloseCode, Closed

CLOSE_WITHIN = 1.0  # seconds that a client has to take the close frame
ALIVE: dict[str, Any] = {"type": "alive"}
GONE = (RuntimeError, OSError)  # what servers raise from a send to a closed socket
MAX_MESSAGE = 4 * 1024  # bytes; an ack has 40
#: Invalid messages that are answered at once, and how many per second after that. More
#: answers would pile up for a client that may not read.
INVALID_BURST, INVALID_RATE = 200, 5.0


class SupervisorSocket(AsyncConsumer):  # type: ignore[misc]  # channels has no types
    """A socket of a signed-in user. Subclasses decide who may have it and what is sent."""

    def __init__(self, floor: Floor, mailbox: Mailbox) -> None:
        self._floor = floor
        self._mailbox = mailbox  # what the send loop sends
        self._invalid = Allowance(INVALID_BURST, INVALID_RATE)
        self._sent_before = 0  # messages, by the last call of keepalive_if_idle
        self._user: Any = None  # once it is checked
        self.user_id: int | None = None
        self._ended: asyncio.Future[Closed] = asyncio.get_running_loop().create_future()

    @property
    def tap_id(self) -> uuid.UUID | None:
        """The tap that the socket hears or asks for, if it does."""
        return None

    def check_access(self, user: Any, taps: TapRules) -> None:
        """Raise Closed if this user may not have this socket. Reads the database."""
        raise NotImplementedError

    def record_refusal(self, refused: Closed) -> None:
        """Write into the ledger that this user may not have this socket. Reads the database."""
        raise NotImplementedError

    async def opened(self) -> None:
        """Subscribe, and send the first message."""
        raise NotImplementedError

    async def send_loop(self) -> None:
        """Send what is queued, until cancelled."""
        raise NotImplementedError

    async def on_message(self, message: dict[str, Any]) -> None:
        """Handle a JSON message of the client."""

    @property
    def messages_sent(self) -> int:
        """How many messages were sent or are about to be, not counting answers to the client."""
        raise NotImplementedError

    def send_keepalive(self) -> None:
        """Queue a keepalive message."""
        raise NotImplementedError

    async def before_close(self, closed: Closed) -> None:
        """Send the last message before the close frame."""

    async def on_closed(self, reason: str) -> None:
        """Unsubscribe, and write down why the socket was closed."""

    async def __call__(self, scope: dict[str, Any], receive: App, send: App) -> None:
        self.scope = scope
        self._send = send
        self._fast_path = fast_path.take(scope)
        self.session_key = session_key_of(scope)
        await receive()  # websocket.connect
        # Accepted even where refused: a page cannot read why a handshake failed.
        await send({"type": "websocket.accept"})
        closed = Closed(CloseCode.DONE, "the page left")
        try:
            closed = await self._serve_until_closed(receive)
            # The close frame is sent before the rows are written: of 200 pages that end at once,
            # each would otherwise wait for the rows of the others.
            await self._close(closed)
        finally:
            self._floor.open_sockets.remove(self)
            self._floor.metrics.pages_closed.add(1, str(int(closed.code)))
            await self.on_closed(str(closed))

    def end(self, code: CloseCode, reason: str) -> None:
        """Close the socket soon. The first of several calls decides the code and the reason."""
        if not self._ended.done():
            self._ended.set_result(Closed(code, reason))

    def keepalive_if_idle(self) -> None:
        """Send a keepalive if no other message was sent since the last call."""
        sent = self.messages_sent
        if sent == self._sent_before:
            self.send_keepalive()
        self._sent_before = sent

    async def send_json(self, message: dict[str, Any]) -> None:
        await self.send_text(json.dumps(message))

    async def send_text(self, text: str) -> None:
        try:
            await self._send({"type": "websocket.send", "text": text})
        except GONE:
            # An OSError would look like a Redis that is away.
            raise Closed(CloseCode.DONE, "the page left") from None

    async def _serve_until_closed(self, receive: App) -> Closed:
        """Serve the page, and return why its socket is closed."""
        try:
            return await self._serve(receive)
        except Closed as refusal:
            return refusal
        except asyncio.CancelledError:
            return RESTART
        except Unavailable:
            return Closed(CloseCode.TRY_LATER, "the audio bus is away")

    async def _serve(self, receive: App) -> Closed:
        if not self.session_key:
            raise Closed(CloseCode.NOT_SIGNED_IN, "not signed in")
        self._floor.open_sockets.add(self)  # first: the right may be lost while it is checked
        admitted = await self._floor.admission(self.session_key, self._check, self.tap_id)
        session = admitted.session
        await self.opened()
        tasks = [asyncio.create_task(one) for one in (self._read(receive), self.send_loop())]
        try:
            waited: set[asyncio.Future[Any]] = {*tasks, self._ended}
            left = session.get_expiry_age()
            done, _ = await asyncio.wait(waited, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        if self._ended.done():
            return self._ended.result()
        if not done:
            return Closed(CloseCode.NOT_SIGNED_IN, "your session is over")
        for outcome in outcomes:
            # A send to a client that has just left raises one of GONE.
            if isinstance(outcome, Exception) and not isinstance(outcome, GONE):
                raise outcome
        return Closed(CloseCode.DONE, "the page left")

    def _check(self, sign_in: SignIn, taps: TapRules) -> None:
        """Take the user who is signed in. Raises Closed if that user may not have this socket."""
        self._user = sign_in.user
        self.user_id = sign_in.user.pk
        if password_change.must_change(sign_in.session):
            raise Closed(CloseCode.NOT_ALLOWED, "change your password first")
        if second_factor.is_missing(*sign_in):
            raise Closed(CloseCode.NOT_ALLOWED, "set up your second factor first")
        try:
            self.check_access(self._user, taps)
        except Closed as refused:
            if refused.code != CloseCode.TRY_LATER:
                self.record_refusal(refused)
            raise

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
                await self.on_message(content)
            else:
                await self.complain(f"a message is a JSON object of up to {MAX_MESSAGE} bytes")

    async def complain(self, reason: str) -> None:
        """Answer an invalid message. Raises Closed once there are too many."""
        if not self._invalid.spend():
            raise Closed(CloseCode.POLICY, "too many messages that make no sense")
        await self.send_json({"type": "error", "reason": reason})

    async def _close(self, closed: Closed) -> None:
        try:
            async with asyncio.timeout(CLOSE_WITHIN):
                await self.before_close(closed)
                await self._send(closed.message)
        except (TimeoutError, Closed, *GONE):
            pass  # the client has left already, or does not read
