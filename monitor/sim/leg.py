"""Leg: one tap of a simulated call, from the first of its audio to the last."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Self

import websockets

from monitor.sim import media
from monitor.sim.platform import TapOrder, shown
from monitor.sim.swml import CallFailed

DONE = 1000  # the code with which the receiver closes the media of a tap that is over
RESTARTING = 1012  # the code with which it asks to be connected to again


class Leg:
    """Sends the audio of one tap. ``is_told`` says whether its end was reported."""

    def __init__(self, order: TapOrder, frames: Iterator[bytes]) -> None:
        self.order = order
        self.is_told = False
        self._frames = frames
        self._stack = contextlib.AsyncExitStack()
        self._send: media.Send | None = None

    @property
    def is_open(self) -> bool:
        """Whether the tap sends audio."""
        return self._send is not None

    async def open(self) -> Self:
        """Open the media. Raises CallFailed if it is refused."""
        try:
            self._send = await self._stack.enter_async_context(media.opened(self.order))
        except (OSError, TimeoutError, websockets.WebSocketException) as error:
            why = f"media to {shown(self.order.uri)} was refused: {_why(error)}"
            raise CallFailed(why) from None
        return self

    async def send(self) -> None:
        """Send the next frame. A receiver that has heard enough ends the tap and not the call, and
        one that restarts is connected to again: whether SignalWire would is not known.

        Raises CallFailed if the media was closed for any other reason.
        """
        if self._send is None:
            return
        try:
            await self._send(next(self._frames))
        except websockets.ConnectionClosed as closed:
            is_stopped = not self.is_open  # it was closed here, while a frame was on its way
            await self.close()
            code = closed.rcvd.code if closed.rcvd else None
            if code == RESTARTING and not is_stopped:
                await self.open()
            elif not (is_stopped or code == DONE):
                why = f"media to {shown(self.order.uri)} was closed: {_why(closed)}"
                raise CallFailed(why) from None

    async def close(self) -> None:
        """Close the media."""
        self._send = None
        await self._stack.aclose()


def _why(error: Exception) -> str:
    if isinstance(error, websockets.InvalidStatus):
        return f"HTTP {error.response.status_code}"
    if isinstance(error, websockets.ConnectionClosed):
        received = error.rcvd
        return f"{received.code} {received.reason}".strip() if received else "connection lost"
    return type(error).__name__
