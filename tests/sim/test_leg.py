"""One tap of a simulated call, whose receiver closes the socket."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from websockets.asyncio.server import ServerConnection, serve

from monitor.sim.leg import Leg
from monitor.sim.platform import TapOrder
from monitor.sim.swml import CallFailed

FRAME = bytes(160)


class Receiver:
    """Closes each connection but the last with a code, once it has brought a frame."""

    def __init__(self, *codes: int) -> None:
        self._codes = list(codes)
        self.frames: list[int] = []  # that each connection has brought

    async def take(self, socket: ServerConnection) -> None:
        number = len(self.frames)
        self.frames.append(0)
        async for message in socket:
            self.frames[number] += isinstance(message, bytes)
            if self.frames[number] and number < len(self._codes):
                await socket.close(self._codes[number])


async def speak(receiver: Receiver) -> None:
    """Send frames until two connections have brought some, or the tap is over."""
    async with serve(receiver.take, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        order = TapOrder(f"ws://127.0.0.1:{port}", "tap-1", "both", "PCMU", "")
        leg = await Leg(order, itertools.repeat(FRAME)).open()
        async with asyncio.timeout(10):
            while leg.is_open and sum(map(bool, receiver.frames)) < 2:
                await leg.send()
                await asyncio.sleep(0)
        await leg.close()


async def test_a_tap_whose_receiver_restarts_goes_on_over_another_connection() -> None:
    receiver = Receiver(1012)
    await speak(receiver)
    assert [bool(one) for one in receiver.frames] == [True, True]


async def test_a_tap_whose_receiver_has_heard_enough_is_over() -> None:
    receiver = Receiver(1000)
    await speak(receiver)
    assert len(receiver.frames) == 1


async def test_a_tap_whose_receiver_fails_fails_its_call() -> None:
    with pytest.raises(CallFailed, match="1011"):
        await speak(Receiver(1011))
