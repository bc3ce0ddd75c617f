"""``python -m bench.sound.sender``: plays the taps of a row in real time, until it is ended.

It is a process of its own, so that nothing else delays it. It reads a plan from its input. On its
output are two lines of JSON: when the first unit was sent, as soon as that is known, and at the
end by how much it was late at most.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Self
from urllib.parse import urlsplit

from bench.plan import UNIT_SECONDS
from bench.sound.network import Line, Network
from bench.sound.speech import Speech
from monitor.sim import media
from monitor.sim.platform import TapOrder

HEAD_START = 0.2  # seconds until the first unit, in which all tasks begin
SEED = 14

Send = Callable[[bytes, bool], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class SendPlan:
    """Everything that the sender needs to know."""

    uris: list[str]
    network: Network
    has_chirps: bool = True

    def dumps(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> Self:
        raw = json.loads(text)
        return cls(raw["uris"], Network(**raw["network"]), raw["has_chirps"])


class Sender:
    """Sends all taps of a plan."""

    def __init__(self, plan: SendPlan) -> None:
        self._plan = plan
        self.late = 0.0  # seconds, the most by which a message left too late

    async def run(self) -> None:
        """Send until cancelled."""
        Speech(0, 1, has_chirps=False).unit(0)  # reads the speech, which takes 0.3 s
        async with contextlib.AsyncExitStack() as stack:
            sends = [await stack.enter_async_context(_opened(uri)) for uri in self._plan.uris]
            begun = time.monotonic() + HEAD_START
            print(json.dumps({"begun": time.time() + HEAD_START}), flush=True)
            async with asyncio.TaskGroup() as tasks:
                for tap, send in enumerate(sends):
                    tasks.create_task(self._send_tap(tap, send, begun))

    async def _send_tap(self, tap: int, send: Send, begun: float) -> None:
        plan = self._plan
        speech = Speech(tap, len(plan.uris), plan.has_chirps)
        line = Line(plan.network, SEED + tap, begun)
        step, first = plan.network.gathered, 0
        while True:
            audio = b"".join(speech.unit(number) for number in range(first, first + step))
            first += step
            sent = begun + (first - 1) * UNIT_SECONDS
            arrival = line.arrival(sent)
            due = sent if arrival is None else arrival
            await asyncio.sleep(due - time.monotonic())
            self.late = max(self.late, time.monotonic() - due)
            await send(audio, arrival is not None)


@contextlib.asynccontextmanager
async def _opened(uri: str) -> AsyncIterator[Send]:
    """Open the media of a tap, and yield a function that sends audio, or has it lost."""
    if uri.startswith("rtp:"):
        parts = urlsplit(uri)
        packer = media.RtpSender("PCMU", round(UNIT_SECONDS * 1000), random.Random(uri))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect((str(parts.hostname), parts.port or 0))

            async def send_packets(audio: bytes, arrives: bool) -> None:
                for datagram in packer.packets(audio):  # a lost packet has a number, too
                    if arrives:
                        sock.send(datagram)

            yield send_packets
    else:
        async with media.opened(TapOrder(uri, "", "both", "PCMU", "")) as write:

            async def send_message(audio: bytes, arrives: bool) -> None:
                if arrives:
                    await write(audio)

            yield send_message


async def main() -> None:
    """Send what the input asks for, until SIGTERM."""
    sender = Sender(SendPlan.loads(sys.stdin.read()))
    sending = asyncio.create_task(sender.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, sending.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await sending
    print(json.dumps({"late_ms": round(sender.late * 1000, 1)}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
