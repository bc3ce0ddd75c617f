"""TapConsumer: a WebSocket tap, from handshake to the last counted byte."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from channels.consumer import AsyncConsumer
from django.db import DatabaseError
from django.utils import timezone

from .. import direct, media, metrics
from ..audio import announce, frame
from ..models import Tap
from . import bus, tokens
from .close import NO_CODE, OVER, RESTART, CloseCode, Closed, how_closed, silent
from .database import threaded
from .runtime import Runtime
from .stream import STALL, Flood, TapStream, continue_at

logger = logging.getLogger(__name__)

MAX_MESSAGE = 64 * 1024  # bytes; 20 ms of G.711 are 160
NAMED_WITHIN = 1.0  # seconds of audio after which the first text may no longer change the codec
RELEASE_WITHIN = 2.0  # seconds that the media's release may keep the word of a restart back

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class TapConsumer(AsyncConsumer):  # type: ignore[misc]  # channels has no types
    """Takes audio the direct way, and reads the socket in a plain loop for all the rest:
    Channels' dispatch hops through a thread for every message, 83 µs where this takes 13."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._id = uuid.uuid4().hex
        self._announced = False
        self._passed_over = 0  # text messages
        self._idle = False  # does nothing but wait for a message?
        self._ending = RESTART  # if cancelled

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        self._socket = direct.of(scope)
        await receive()  # websocket.connect
        tap_id = tokens.read("media", scope["url_route"]["kwargs"]["token"])
        try:
            if tap_id is None:
                raise media.Refused("the token was not made here")
            self._tap, position = await self._acquire(tap_id)
        except media.Refused as refusal:
            logger.info("tap %s: media refused: %s", tap_id, refusal)
            await send({"type": "websocket.close"})  # before accept: HTTP 403
            return
        self._stream = TapStream(self._tap.pk, self._tap.direction, self._runtime.writer, position)
        self._stream.codec = "PCMA" if self._tap.codec == "PCMA" else "PCMU"
        await self._serve(receive, send)

    async def _serve(self, receive: Receive, send: Send) -> None:
        self._task = asyncio.current_task()
        self._stream.socket = self._id
        self._stream.on_silent = lambda: self._end(silent())
        self._stream.on_over = lambda: self._end(OVER)
        self._runtime.streams.add(self._stream)
        closed: Closed | None = None
        reason = "the server went away"
        try:
            await send({"type": "websocket.accept"})
            self._socket.take = self._take
            reason = await self._read(receive)
        except Closed as error:
            closed = error
        except asyncio.CancelledError:
            closed = self._ending
        finally:
            self._socket.take = None
            await self._leave(closed, reason, send)

    async def _leave(self, closed: Closed | None, reason: str, send: Send) -> None:
        """Give the media up, and say why if it was us."""
        metrics.count("media_closed", label=str(int(closed.code) if closed else 0))
        self._runtime.streams.remove(self._stream)
        self._stream.close()
        reason = self._explained(closed.reason if closed else reason)
        logger.info("tap %s: media closed: %s", self._tap.pk, reason)
        release = self._release(self._stream.counted(), reason)
        if closed is RESTART:
            # Who is told to connect again does so at once, and must find its tap free.
            await asyncio.wait([release], timeout=RELEASE_WITHIN)
        if closed:
            await send(closed.message)
        await asyncio.shield(release)

    def _explained(self, reason: str) -> str:
        """Why the media ended and how many texts were ignored. They are told here, all in one,
        because a sender of JSON audio sends 50 a second."""
        if not self._passed_over:
            return reason
        return f"{reason}; text messages that name no audio type: {self._passed_over}"

    def _release(self, count: media.Count, reason: str) -> asyncio.Task[None]:
        closing = threaded(media.closed)(self._tap.pk, self._id, count, reason)
        return self._runtime.writes.begin(closing)

    async def _read(self, receive: Receive) -> str:
        """Feed the stream until the sender closes; returns why it ended."""
        stream = self._stream
        while True:
            self._idle = True
            message = await receive()
            self._idle = False
            payload = message.get("bytes")
            if payload is not None:
                if len(payload) > MAX_MESSAGE:
                    raise Closed(CloseCode.TOO_BIG, _too_big(len(payload)))
                if stream.stalled and not await self._held():
                    raise Closed(CloseCode.REPLACED, "another media connection took over")
                try:
                    stream.feed(payload)
                except Flood as flood:
                    raise Closed(CloseCode.POLICY, str(flood)) from None
            elif message["type"] == "websocket.disconnect":
                return how_closed(message.get("code", NO_CODE))
            else:
                await self._hear(message.get("text") or "")

    def _take(self, payload: bytes) -> bool:
        """Feed the stream straight from the socket; what is out of the ordinary, ``_read`` does."""
        if not self._idle or len(payload) > MAX_MESSAGE or self._stream.stalled:
            return False
        try:
            self._stream.feed(payload)
        except Flood:
            return False  # it will be raised again, where the socket can be closed for it
        return True

    async def _hear(self, text: str) -> None:
        """Take a text message. One that does not name the audio's type is only counted."""
        if len(text) > MAX_MESSAGE:
            raise Closed(CloseCode.TOO_BIG, _too_big(len(text)))
        try:
            said = announce.parse(text)
        except announce.UnsupportedAudio as error:
            if not self._runs_despite(error, text):
                raise Closed(CloseCode.UNSUPPORTED, str(error)) from None
            said = None
        if said is None:
            self._passed_over += 1
        else:
            await self._follow(said)

    def _runs_despite(self, error: announce.UnsupportedAudio, text: str) -> bool:
        """Whether the tap goes on: its audio is known to be good, and the text is about
        something else."""
        if isinstance(error, announce.JsonAudio):
            return self._stream.fed
        return (self._announced or self._stream.fed) and "audio/" not in text

    async def _follow(self, said: announce.Announcement) -> None:
        """Decode as the sender says, which wins over what was asked for.

        Only the first text may change the codec, and only within a second of audio. It
        races with the first packets; a text that comes later contradicts audio that
        listeners have already heard as speech.
        """
        late = self._announced or self._stream.sent_on > NAMED_WITHIN
        if late and said.codec != self._stream.codec:
            change = f"format changed from {self._stream.codec} to {said.codec}"
            raise Closed(CloseCode.UNSUPPORTED, change)
        if self._announced:
            return
        self._announced = True
        wrong = self._stream.switch(said.codec)
        try:
            await threaded(media.announced)(self._tap.pk, said.codec, said.content_type, wrong)
        except DatabaseError:
            logger.exception("tap %s: its codec is not written down", self._tap.pk)

    async def _acquire(self, tap_id: uuid.UUID) -> tuple[Tap, int]:
        """The tap's media, and the position where it goes on. Cancelled, it is given back."""
        opening = self._runtime.writes.begin(self._acquired(tap_id))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            await asyncio.shield(self._runtime.writes.begin(self._give_back(opening)))
            raise

    async def _acquired(self, tap_id: uuid.UUID) -> tuple[Tap, int]:
        tap, again = await self._open(tap_id)
        return tap, await continue_at(self._runtime.hub, tap) if again else 0

    async def _give_back(self, opening: asyncio.Task[tuple[Tap, int]]) -> None:
        with contextlib.suppress(media.Refused):
            self._tap, _ = await opening
            await self._release(media.Count(), RESTART.reason)

    async def _open(self, tap_id: uuid.UUID) -> tuple[Tap, bool]:
        """Take the tap's media, over from a silent connection if need be."""
        media_opened = threaded(media.opened)
        try:
            return await media_opened(tap_id, self._id)
        except media.Busy as busy:
            if await self._silence(tap_id, busy.heard_at) < STALL:
                raise
            return await media_opened(tap_id, self._id, replacing=busy.socket)

    async def _silence(self, tap_id: uuid.UUID, heard_at: datetime.datetime | None) -> float:
        """Seconds since the tap last had audio, or a new connection; 0 if nobody can tell."""
        since = timezone.now().timestamp()
        try:
            newest = await self._runtime.hub.newest(tap_id)
        except bus.Unavailable:
            return 0.0
        heard = frame.unpack_header(newest[1]).received_at / 1e6 if newest else 0.0
        return since - max(heard, heard_at.timestamp() if heard_at else 0.0)

    async def _held(self) -> bool:
        """Is the tap still this connection's? If nobody can tell, it is."""
        try:
            return self._id in await threaded(media.holders)({self._id})
        except DatabaseError:
            logger.exception("tap %s: not known whose its media is", self._tap.pk)
            return True

    def _end(self, ending: Closed) -> None:
        """End the reading from outside it."""
        self._ending = ending
        if self._task:
            self._task.cancel()


def _too_big(size: int) -> str:
    return f"a message of {size} bytes is over {MAX_MESSAGE}"
