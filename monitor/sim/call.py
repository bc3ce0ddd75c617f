"""One simulated call, from the SWML request to the end of its tap."""

from __future__ import annotations

import asyncio
import contextlib
import random
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import websockets

from ..audio.g711 import Codec
from . import media, voice
from .pace import ticks
from .platform import Caller, CallFailed, Platform, TapOrder, shown

Say = Callable[[str], None]

FIRST_NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gwen", "Hugo", "Iris", "Leo", "Mia")
LAST_NAMES = ("Ash", "Birch", "Cedar", "Elm", "Fern", "Hazel", "Larch", "Maple", "Oak", "Pine")


@dataclass(frozen=True, slots=True)
class Script:
    """How calls go: what is asked for, and what is said how fast."""

    direction: str = "both"
    codec: Codec | None = None  # what is sent, where it is not what the agent asks for
    speed: float = 1.0
    tone: int = 0  # Hz; 0 is speech
    transport: str = ""  # ws or rtp, where it is not the agent's choice


def make_caller(number: int, script: Script) -> Caller:
    """Caller ``number``: invented, the same each time but for the call's id."""
    chance = random.Random(number)
    return Caller(
        call_id=str(uuid.uuid4()),
        # 555-0100 to 555-0199 are kept for fiction.
        number=f"+1{chance.choice((202, 303, 404, 505, 617))}55501{chance.randrange(100):02}",
        name=f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}",
        direction=script.direction,
        transport=script.transport,
    )


class SimulatedCall:
    """One call. ``number`` decides who calls, where the talk begins, and how it ends.

    SignalWire does not say whether ``finished`` comes before or after the media
    closes, so half of the calls do this and half that; half are stopped by the agent.
    """

    def __init__(self, number: int, script: Script, platform: Platform, say: Say) -> None:
        self.number = number
        self.caller = make_caller(number, script)
        self._script = script
        self._platform = platform
        self._troubles: list[str] = []
        self._say = say

    def say(self, text: str) -> None:
        """Tell something about this call."""
        self._say(f"call {self.number} {self.caller.call_id[:8]}: {text}")

    async def run(self, seconds: float, hang_up: asyncio.Event) -> None:
        """Talk for that long, or until ``hang_up``.

        Raises CallFailed. What goes wrong while the tap runs ends nothing early:
        SignalWire neither waits for a status to be taken nor hangs up on it.
        """
        swml = await self._platform.answer(self.caller)
        order = await self._platform.start_monitoring(self.caller, swml)
        order = replace(order, codec=self._script.codec or order.codec)
        self.say(f"tap {order.control_id} asked for, {order.direction} {order.codec}")
        async with contextlib.AsyncExitStack() as stack:
            try:
                send = await stack.enter_async_context(media.opened(order))
            except (OSError, TimeoutError, websockets.WebSocketException) as error:
                why = f"media to {shown(order.uri)} was refused: {_why(error)}"
                raise CallFailed(why) from None
            talked = await self._attempt(self._stream(send, order, seconds, hang_up))
            if talked and self.number % 2:
                await self._attempt(self._platform.stop_monitoring(self.caller, swml, order))
            if self.number // 2 % 2:
                await self._tell(order, "finished")
        if not self.number // 2 % 2:
            await self._tell(order, "finished")
        if self._troubles:
            raise CallFailed("; ".join(self._troubles))

    async def _stream(
        self, send: media.Send, order: TapOrder, seconds: float, hang_up: asyncio.Event
    ) -> None:
        """Send audio in real time."""
        interval = voice.FRAME_SECONDS / self._script.speed
        frames = voice.frames(order.direction, order.codec, self.number, self._script.tone)
        try:
            await self._tell(order, "tapping")
            async for tick in ticks(interval):
                if tick * interval >= seconds or hang_up.is_set():
                    return
                await send(next(frames))
        except websockets.ConnectionClosed as closed:
            why = f"media to {shown(order.uri)} was closed: {_why(closed)}"
            raise CallFailed(why) from None

    async def _tell(self, order: TapOrder, state: str) -> None:
        if await self._attempt(self._platform.post_status(self.caller, order, state)):
            self.say(state)

    async def _attempt(self, step: Awaitable[None]) -> bool:
        """Do a step; what went wrong is kept for the end."""
        try:
            await step
        except CallFailed as failure:
            self._troubles.append(str(failure))
            return False
        return True


def _why(error: Exception) -> str:
    if isinstance(error, websockets.InvalidStatus):
        return f"HTTP {error.response.status_code}"
    if isinstance(error, websockets.ConnectionClosed):
        received = error.rcvd
        return f"{received.code} {received.reason}".strip() if received else "connection lost"
    return type(error).__name__
