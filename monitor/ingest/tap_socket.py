"""TapSocket: the media connection of a WebSocket tap, from its handshake to its last counts."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from channels.consumer import AsyncConsumer
from django.db import DatabaseError

from monitor.adapters.carriers.signalwire import opening
from monitor.concurrency import in_thread
from monitor.ingest.intake import Intake
from monitor.ingest.stream import Flood, TapStream
from monitor.ingest.takeover import seconds_silent, take_media
from monitor.services import media, tap_urls
from monitor.wire import fast_path
from monitor.wire.close import NO_CODE, OVER, RESTART, CloseCode, Closed, how_closed, silent

logger = logging.getLogger(__name__)

MAX_MESSAGE = 64 * 1024  # bytes; 20 ms of G.711 are 160
NAMED_WITHIN = 1.0  # seconds of audio after which the first text may no longer change the codec
RELEASE_WITHIN = 2.0  # seconds to wait for the media to be released before 1012 is sent

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class TapSocket(AsyncConsumer):  # type: ignore[misc]  # channels has no types
    """Takes audio through the fast path, and reads everything else in a plain loop: Channels'
    dispatch goes through a thread for every message, which takes 83 µs instead of 13."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._id = uuid.uuid4().hex
        self._announced = False
        self._ignored_texts = 0
        self._idle = False  # whether it only waits for a message
        self._ending = RESTART  # what it closes with if it is cancelled

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        self._socket = fast_path.take(scope)
        await receive()  # websocket.connect
        tap_id = tap_urls.read("media", scope["url_route"]["kwargs"]["token"])
        try:
            if tap_id is None:
                raise media.Refused("the token was not made here")
            self._media, position = await self._acquire(tap_id)
        except media.Refused as refusal:
            logger.info("tap %s: media refused: %s", tap_id, refusal)
            await send({"type": "websocket.close"})  # before accept: HTTP 403
            return
        self._stream = TapStream(
            self._media.tap_id,
            self._media.direction,
            self._intake.writer,
            self._intake.metrics.audio,
            self._intake.limits,
            position,
        )
        self._stream.codec = "PCMA" if self._media.codec == "PCMA" else "PCMU"
        await self._serve(receive, send)

    async def _serve(self, receive: Receive, send: Send) -> None:
        self._task = asyncio.current_task()
        self._stream.socket = self._id
        self._stream.on_silent = lambda: self._end(silent(self._intake.limits.silent_for))
        self._stream.on_over = lambda: self._end(OVER)
        self._intake.open_streams.add(self._stream)
        closed: Closed | None = None
        reason = "the server went away"
        try:
            # Only now, because no message tells of what happened before the stream was added.
            await self._intake.open_streams.check_pauses([self._stream])
            await send({"type": "websocket.accept"})
            self._socket.on_binary = self._take
            reason = await self._read(receive)
        except Closed as error:
            closed = error
        except asyncio.CancelledError:
            closed = self._ending
        finally:
            self._socket.on_binary = None
            await self._leave(closed, reason, send)

    async def _leave(self, closed: Closed | None, reason: str, send: Send) -> None:
        """Release the media, and close the socket with the reason if we ended it."""
        self._intake.metrics.media_closed.add(1, str(int(closed.code) if closed else 0))
        self._intake.open_streams.remove(self._stream)
        self._stream.close()
        reason = self._explained(closed.reason if closed else reason)
        logger.info("tap %s: media closed: %s", self._media.tap_id, reason)
        release = self._release(self._stream.counted(), reason)
        if closed is RESTART:
            # The sender will connect again at once, and must find its tap free.
            await asyncio.wait([release], timeout=RELEASE_WITHIN)
        if closed:
            await send(closed.message)
        await asyncio.shield(release)

    def _explained(self, reason: str) -> str:
        """Return why the media ended and how many texts were ignored. They are not logged one
        by one, because a sender of JSON audio sends 50 a second."""
        if not self._ignored_texts:
            return reason
        return f"{reason}; text messages that name no audio type: {self._ignored_texts}"

    def _release(self, count: media.Count, reason: str) -> asyncio.Task[None]:
        closing = in_thread(media.disconnect)(self._media.tap_id, self._id, count, reason)
        return self._intake.writes.begin(closing)

    async def _read(self, receive: Receive) -> str:
        """Feed the stream until the sender closes the socket; return the reason of the close."""
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
        """Feed the stream straight from the socket. Return False to leave a message to ``_read``,
        which handles every exception to the rule."""
        if not self._idle or len(payload) > MAX_MESSAGE or self._stream.stalled:
            return False
        try:
            self._stream.feed(payload)
        except Flood:
            return False  # _read will meet it again, and close the socket
        return True

    async def _hear(self, text: str) -> None:
        """Take a text message. One that does not name the audio's type is only counted."""
        if len(text) > MAX_MESSAGE:
            raise Closed(CloseCode.TOO_BIG, _too_big(len(text)))
        try:
            said = opening.parse(text)
        except opening.UnsupportedAudio as error:
            if not self._runs_despite(error, text):
                raise Closed(CloseCode.UNSUPPORTED, str(error)) from None
            said = None
        if said is None:
            self._ignored_texts += 1
        else:
            await self._follow(said)

    def _runs_despite(self, error: opening.UnsupportedAudio, text: str) -> bool:
        """Tell whether the tap goes on despite a text, because its audio is known to be good and
        the text is about something else."""
        if isinstance(error, opening.JsonAudio):
            return self._stream.fed
        return (self._announced or self._stream.fed) and "audio/" not in text

    async def _follow(self, said: opening.Announcement) -> None:
        """Decode as the sender says, even if another codec was asked for.

        Only the first text may change the codec, and only within the first second of audio,
        because it may arrive after the first packets. A later text would contradict audio that
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
            record_codec = in_thread(media.record_codec)
            await record_codec(self._media.tap_id, said.codec, said.content_type, wrong)
        except DatabaseError:
            logger.exception("tap %s: the codec was not recorded", self._media.tap_id)

    async def _acquire(self, tap_id: uuid.UUID) -> tuple[media.TapMedia, int]:
        """Take the tap's media, over from a silent connection if need be; return it and the
        position where it continues. If this is cancelled, the media is given back."""

        async def may_replace(busy: media.Busy) -> bool:
            silent_for = await seconds_silent(self._intake.ring, tap_id, busy)
            return silent_for >= self._intake.limits.stall

        taking = take_media(self._intake.ring, tap_id, self._id, may_replace)
        opening = self._intake.writes.begin(taking)
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            await asyncio.shield(self._intake.writes.begin(self._give_back(opening)))
            raise

    async def _give_back(self, opening: asyncio.Task[tuple[media.TapMedia, int]]) -> None:
        with contextlib.suppress(media.Refused):
            self._media, _ = await opening
            await self._release(media.Count(), RESTART.reason)

    async def _held(self) -> bool:
        """Tell whether this connection still holds the tap. If the database fails, assume so."""
        try:
            return self._id in await in_thread(media.still_held)({self._id})
        except DatabaseError:
            logger.exception("tap %s: cannot read which connection holds it", self._media.tap_id)
            return True

    def _end(self, ending: Closed) -> None:
        """Stop reading from outside ``_read``, and close the socket with ``ending``."""
        self._ending = ending
        if self._task:
            self._task.cancel()


def _too_big(size: int) -> str:
    return f"a message of {size} bytes is over {MAX_MESSAGE}"
