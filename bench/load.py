"""The load generator: a process of its own, so that its work is nobody else's.

    python -m bench.load <plan.json

It writes a line when a stage's window begins, its name, and the readings as the
last one. It sends on an absolute schedule, every tap in a phase of its own; a send that
is late does not move the next, and how late the worst was is in the reading.
Delays are between the moments when this process wrote and read: one clock.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import uvloop

from . import gauge
from .plan import FRAME_SECONDS, Ear, Plan, Reading, Readings, Stage
from .rtp import SCHEME, RtpTap
from .wheel import Wheel
from .wire import DeafSocket, EarSocket, Socket, TapSocket, handshake

TICK = 0.001  # seconds between two looks at the schedule; uvloop's timers know ms
ACK_EVERY = 1.0  # seconds
RTP_PACE = 0.1  # seconds for at_once RTP taps: they shake no hands, so they would all begin at once
HANDSHAKE = 20.0  # seconds that one may take
TAIL = 1.0  # seconds that the last frame has to come

S = TypeVar("S", bound=Socket)
T = TypeVar("T")


class Generator:
    """Opens what a stage wants, keeps it going, reads the instruments."""

    def __init__(self, plan: Plan, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._say = say
        self._meter = gauge.Meter()
        self._taps: list[TapSocket | RtpTap] = []
        self._ears: list[EarSocket] = []
        self._deaf: list[EarSocket] = []
        self._consoles: list[Socket] = []
        self._joining = (0, 0.0)  # the first ear of the stage, and when it came, monotonic seconds
        self._audio = Wheel(lambda n, now: self._taps[n].send_frame(now), FRAME_SECONDS)
        self._acks = Wheel(lambda n, now: self._ears[n].ack(), ACK_EVERY)

    async def run(self) -> Readings:
        """All stages. What went wrong is told with what was read until then."""
        readings = Readings()
        wheels = asyncio.create_task(self._turn_wheels())
        try:
            for stage in self._plan.stages:
                await self._reach(stage)
                await asyncio.sleep(stage.settle)
                self._say(stage.name)
                readings.stages.append(await self._read(stage))
            readings.never_came = await self._wait_for_tail()
        except (OSError, TimeoutError) as error:
            readings.failure = str(error) or type(error).__name__
        finally:
            wheels.cancel()
        readings.sent = [tap.voice.sent for tap in self._taps]
        readings.refused = self._meter.refused
        readings.codes = {str(code): count for code, count in self._meter.codes.items()}
        await self._leave()
        return readings

    async def _turn_wheels(self) -> None:
        while True:
            late = self._audio.turn()
            self._meter.late = max(self._meter.late, late)
            self._acks.turn()
            await asyncio.sleep(TICK)

    async def _reach(self, stage: Stage) -> None:
        plan = self._plan
        for numbers in self._batches(range(len(self._taps), stage.taps)):
            self._taps += await self._open_taps(numbers)
            self._audio.set(len(self._taps))
        self._joining = len(self._ears), time.monotonic()
        for ears in self._batches(plan.ears[len(self._ears) : stage.listeners]):
            self._ears += await self._open([self._ear(EarSocket, one) for one in ears])
            if plan.greeting:
                self._acks.set(len(self._ears))
        for ears in self._batches(plan.deaf[len(self._deaf) : stage.deaf]):
            self._deaf += await self._open([self._ear(DeafSocket, one) for one in ears])
        while len(self._consoles) > stage.consoles:
            self._consoles.pop().leave()
        for cookies in self._batches(plan.consoles[len(self._consoles) : stage.consoles]):
            requests = [handshake(plan.port, "/console", one) for one in cookies]
            self._consoles += await self._open([Socket(one, self._meter) for one in requests])

    async def _open_taps(self, numbers: Sequence[int]) -> list[TapSocket] | list[RtpTap]:
        uris, port = self._plan.taps, self._plan.port
        if not uris[0].startswith(SCHEME):
            return await self._open(
                [TapSocket(handshake(port, uris[n]), self._meter, n) for n in numbers]
            )
        senders = [RtpTap(self._meter, n) for n in numbers]
        for sender, n in zip(senders, numbers, strict=True):
            await sender.open(uris[n])
        await asyncio.sleep(RTP_PACE)
        return senders

    def _ear(self, kind: type[EarSocket], ear: Ear) -> EarSocket:
        plan = self._plan
        request = handshake(plan.port, ear.path, ear.cookie)
        voice = self._taps[ear.tap].voice
        return kind(request, self._meter, voice, plan.header, plan.greeting)

    async def _open(self, sockets: list[S]) -> list[S]:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(HANDSHAKE):
            for socket in sockets:
                await loop.create_connection(
                    lambda socket=socket: socket,  # type: ignore[misc]
                    "127.0.0.1",
                    self._plan.port,
                )
            await asyncio.gather(*(socket.opened for socket in sockets))
        return sockets

    async def _read(self, stage: Stage) -> Reading:
        self._meter.reset()
        begun, before = time.monotonic(), self._cpu()
        await asyncio.sleep(stage.measure)
        seconds = time.monotonic() - begun
        used = (after - was for after, was in zip(self._cpu(), before, strict=True))
        server, waited, redis, own = used
        meter = self._meter
        ongoing = [time.monotonic() - ear.heard_at for ear in self._ears]
        allocated, rss = gauge.memory(self._plan.server_pid)
        return Reading(
            stage.name,
            len(self._taps),
            len(self._ears),
            len(self._consoles),
            seconds,
            server_cpu=server,
            server_waited=waited,
            redis_cpu=redis,
            generator_cpu=own,
            frames_in=meter.frames_in,
            units_out=meter.units_out,
            bytes_out=meter.bytes_out,
            lost=meter.lost,
            doubled=meter.doubled,
            disordered=meter.disordered,
            garbled=meter.garbled,
            gone=meter.gone,
            allocated=allocated,
            rss=rss,
            late_ms=round(meter.late * 1000, 1),
            p50_ms=meter.quantile(0.5),
            p99_ms=meter.quantile(0.99),
            max_ms=meter.longest(),
            silence_ms=round(max(meter.silence, *ongoing, 0.0) * 1000, 1),
            resumed_at=meter.resumed_at,
            joined_ms=self._joined(),
        )

    def _joined(self) -> float:
        """How long it took until the ears of this stage had audio, in ms; -1: some had none."""
        first, since = self._joining
        began = [ear.first_at for ear in self._ears[first:]]
        if not all(began):
            return -1.0
        return round(max((one - since for one in began), default=0.0) * 1000, 1)

    def _cpu(self) -> tuple[float, float, float, float]:
        server, redis = self._plan.server_pid, self._plan.redis_pid
        return (
            gauge.cpu_seconds(server),
            gauge.waited_seconds(server),
            gauge.cpu_seconds(redis) if redis else 0.0,
            time.process_time(),
        )

    async def _wait_for_tail(self) -> int:
        """End the taps; how many 20 ms units had not come a second later."""
        self._audio.set(0)
        for tap in self._taps:
            tap.leave()
        await asyncio.sleep(TAIL)
        return sum(ear.outstanding for ear in self._ears)

    async def _leave(self) -> None:
        sockets = [*self._taps, *self._ears, *self._deaf, *self._consoles]
        for socket in sockets:
            if not socket.leaving:
                socket.leave()
        await asyncio.sleep(0.2)
        for socket in sockets:
            socket.transport.close()

    def _batches(self, items: Sequence[T]) -> list[Sequence[T]]:
        size = self._plan.at_once
        return [items[n : n + size] for n in range(0, len(items), size)]


def main() -> None:
    """Read a plan, carry it out, write what was seen."""
    plan = Plan.loads(sys.stdin.read())
    if plan.core is not None:
        os.sched_setaffinity(0, {plan.core})
    print(uvloop.run(Generator(plan, _say).run()).dumps())


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
