"""The load generator: a process of its own, so that its work is nobody else's.

    python -m bench.load <plan.json >readings.json

It sends on an absolute schedule, every tap in a phase of its own; a send that
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
from .plan import FRAME_SECONDS, Plan, Reading, Readings, Stage
from .wire import EarSocket, Socket, TapSocket, handshake

TICK = 0.001  # seconds between two looks at the schedule; uvloop's timers know ms
ACK_EVERY = 1.0  # seconds
AT_ONCE = 16  # handshakes
HANDSHAKE = 20.0  # seconds that one may take
TAIL = 1.0  # seconds that the last frame has to come

S = TypeVar("S", bound=Socket)
T = TypeVar("T")


class Wheel:
    """Calls ``act`` with each of its members in turn, once a round, evenly spread."""

    def __init__(self, act: Callable[[int, float], None], round_seconds: float) -> None:
        self._act = act
        self._round = round_seconds
        self.members = 0
        self._from = 0.0
        self._turns = 0

    def set(self, members: int) -> None:
        """Change how many there are; the phases are dealt anew."""
        self.members, self._from, self._turns = members, time.monotonic(), 0

    def turn(self) -> float:
        """Do all that is due; returns how late the first of it was, in seconds."""
        late = 0.0
        step = self._round / self.members if self.members else 0.0
        while self.members:
            now = time.monotonic()
            due = self._from + self._turns * step
            if due > now:
                break
            late = max(late, now - due)
            self._act(self._turns % self.members, now)
            self._turns += 1
        return late


class Generator:
    """Opens what a stage wants, keeps it going, reads the instruments."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._meter = gauge.Meter()
        self._taps: list[TapSocket] = []
        self._ears: list[EarSocket] = []
        self._consoles: list[Socket] = []
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
                readings.stages.append(await self._read(stage))
            readings.never_came = await self._wait_for_tail()
        except (OSError, TimeoutError) as error:
            readings.failure = str(error) or type(error).__name__
        finally:
            wheels.cancel()
        await self._leave()
        return readings

    async def _turn_wheels(self) -> None:
        while True:
            late = self._audio.turn()
            self._meter.late = max(self._meter.late, late)
            self._acks.turn()
            await asyncio.sleep(TICK)

    async def _reach(self, stage: Stage) -> None:
        plan, port = self._plan, self._plan.port
        paths = plan.taps[: stage.taps]
        for numbers in _batches(range(len(self._taps), len(paths))):
            taps = [TapSocket(handshake(port, paths[n]), self._meter, n) for n in numbers]
            self._taps += await self._open(taps)
            self._audio.set(len(self._taps))
        for some in _batches(plan.ears[len(self._ears) : stage.listeners]):
            ears = [
                EarSocket(
                    handshake(port, ear.path, ear.cookie),
                    self._meter,
                    self._taps[ear.tap],
                    plan.header,
                    plan.greeting,
                )
                for ear in some
            ]
            self._ears += await self._open(ears)
            if plan.greeting:
                self._acks.set(len(self._ears))
        for cookies in _batches(plan.consoles[len(self._consoles) : stage.consoles]):
            pages = [Socket(handshake(port, "/console", one), self._meter) for one in cookies]
            self._consoles += await self._open(pages)

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
        server, redis, own = (after - was for after, was in zip(self._cpu(), before, strict=True))
        meter = self._meter
        pss, rss = gauge.memory(self._plan.server_pid)
        return Reading(
            stage.name,
            len(self._taps),
            len(self._ears),
            len(self._consoles),
            seconds,
            server_cpu=server,
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
            pss=pss,
            rss=rss,
            late_ms=round(meter.late * 1000, 1),
            p50_ms=meter.quantile(0.5),
            p99_ms=meter.quantile(0.99),
            max_ms=meter.longest(),
        )

    def _cpu(self) -> tuple[float, float, float]:
        redis = self._plan.redis_pid
        return (
            gauge.cpu_seconds(self._plan.server_pid),
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
        sockets: Sequence[Socket] = [*self._taps, *self._ears, *self._consoles]
        for socket in sockets:
            if not socket.leaving:
                socket.leave()
        await asyncio.sleep(0.2)
        for socket in sockets:
            socket.transport.close()


def _batches(items: Sequence[T]) -> list[Sequence[T]]:
    return [items[n : n + AT_ONCE] for n in range(0, len(items), AT_ONCE)]


def main() -> None:
    """Read a plan, carry it out, write what was seen."""
    plan = Plan.loads(sys.stdin.read())
    if plan.core is not None:
        os.sched_setaffinity(0, {plan.core})
    sys.stdout.write(uvloop.run(Generator(plan).run()).dumps())


if __name__ == "__main__":
    main()
