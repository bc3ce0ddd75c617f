"""The load generator: a process of its own, so that its CPU time counts for nobody else.

    python -m bench.load <plan.json

It prints the name of a stage when the stage's window begins, and the readings as its last
line. It sends by an absolute schedule, in which every tap has a phase of its own: a send that
is late does not delay the next, and the reading tells how late the worst one was. A delay is
the time between a write and a read of this process, and so by one clock.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import uvloop

from bench import instruments
from bench.plan import UNIT_SECONDS, Listener, Plan, Reading, Readings, Stage
from bench.rtp import SCHEME, RtpTap
from bench.wheel import Wheel
from bench.wire import (
    ConsoleSocket,
    ListenerSocket,
    NonReadingSocket,
    Socket,
    TapSocket,
    handshake,
    open_sockets,
)

TICK = 0.001  # seconds between two looks at the schedule; uvloop's timers count in ms
ACK_EVERY = 1.0  # seconds
#: Seconds between two batches of RTP taps, which would otherwise all begin at once, because they
#: have no handshake.
RTP_PACE = 0.1
HANDSHAKE = 20.0  # seconds that a handshake may take
TAIL = 1.0  # seconds within which the last unit must arrive

S = TypeVar("S", bound=Socket)
T = TypeVar("T")


class Generator:
    """Opens the sockets of each stage, sends audio, and reads the instruments."""

    def __init__(self, plan: Plan, log: Callable[[str], None]) -> None:
        self._plan = plan
        self._log = log
        self._tally = instruments.Tally()
        self._taps: list[TapSocket | RtpTap] = []
        self._listeners: list[ListenerSocket] = []
        self._non_reading: list[ListenerSocket] = []
        self._consoles: list[ConsoleSocket] = []
        #: The stage's first listener, by its index, and when it came, in monotonic seconds.
        self._joining = (0, 0.0)
        self._audio = Wheel(lambda n, now: self._taps[n].send_unit(now), UNIT_SECONDS)
        self._acks = Wheel(lambda n, now: self._listeners[n].ack(), ACK_EVERY)

    async def run(self) -> Readings:
        """Run all stages. After a failure, return it with what was read until then."""
        readings = Readings()
        wheels = asyncio.create_task(self._turn_wheels())
        try:
            for stage in self._plan.stages:
                await self._reach(stage)
                await asyncio.sleep(stage.settle)
                self._log(stage.name)
                readings.stages.append(await self._read(stage))
            readings.never_came = await self._wait_for_tail()
        except (OSError, TimeoutError) as error:
            readings.failure = str(error) or type(error).__name__
        finally:
            wheels.cancel()
        readings.sent = [tap.voice.sent for tap in self._taps]
        readings.refused = self._tally.refused
        readings.codes = {str(code): count for code, count in self._tally.codes.items()}
        await self._leave()
        return readings

    async def _turn_wheels(self) -> None:
        while True:
            late = self._audio.turn()
            self._tally.late = max(self._tally.late, late)
            self._acks.turn()
            await asyncio.sleep(TICK)

    async def _reach(self, stage: Stage) -> None:
        plan, port = self._plan, self._plan.listen_port or self._plan.port
        for numbers in self._batches(range(len(self._taps), stage.taps)):
            self._taps += await self._open_taps(numbers)
            self._audio.set(len(self._taps))
        self._joining = len(self._listeners), time.monotonic()
        for listeners in self._batches(plan.listeners[len(self._listeners) : stage.listeners]):
            self._listeners += await self._open(self._sockets(ListenerSocket, listeners), port)
            if plan.greeting:
                self._acks.set(len(self._listeners))
        for listeners in self._batches(
            plan.non_reading[len(self._non_reading) : stage.non_reading]
        ):
            self._non_reading += await self._open(self._sockets(NonReadingSocket, listeners), port)
        while len(self._consoles) > stage.consoles:
            self._consoles.pop().leave()
        for cookies in self._batches(plan.consoles[len(self._consoles) : stage.consoles]):
            requests = [handshake(port, "/console", one) for one in cookies]
            self._consoles += await self._open(
                [ConsoleSocket(one, self._tally) for one in requests], port
            )

    async def _open_taps(self, numbers: Sequence[int]) -> list[TapSocket] | list[RtpTap]:
        uris, port = self._plan.taps, self._plan.port
        if not uris[0].startswith(SCHEME):
            return await self._open(
                [TapSocket(handshake(port, uris[n]), self._tally, n) for n in numbers], port
            )
        senders = [RtpTap(self._tally, n) for n in numbers]
        for sender, n in zip(senders, numbers, strict=True):
            await sender.open(uris[n])
        await asyncio.sleep(RTP_PACE)
        return senders

    def _sockets(
        self, kind: type[ListenerSocket], listeners: Sequence[Listener]
    ) -> list[ListenerSocket]:
        plan = self._plan
        return [
            kind(
                handshake(plan.listen_port or plan.port, one.path, one.cookie),
                self._tally,
                self._taps[one.tap].voice,
                plan.header,
                plan.greeting,
            )
            for one in listeners
        ]

    async def _open(self, sockets: list[S], port: int) -> list[S]:
        async with asyncio.timeout(HANDSHAKE):
            await open_sockets(sockets, port)
        return sockets

    async def _read(self, stage: Stage) -> Reading:
        self._tally.reset()
        begun, before = time.monotonic(), self._cpu()
        await asyncio.sleep(stage.measure)
        seconds = time.monotonic() - begun
        used = (after - was for after, was in zip(self._cpu(), before, strict=True))
        server, waited, redis, own = used
        tally = self._tally
        ongoing = [time.monotonic() - listener.heard_at for listener in self._listeners]
        allocated, rss = instruments.memory(self._plan.server_pid)
        return Reading(
            stage.name,
            len(self._taps),
            len(self._listeners),
            len(self._consoles),
            seconds,
            server_cpu=server,
            server_waited=waited,
            redis_cpu=redis,
            generator_cpu=own,
            units_in=tally.units_in,
            units_out=tally.units_out,
            bytes_out=tally.bytes_out,
            lost=tally.lost,
            doubled=tally.doubled,
            disordered=tally.disordered,
            garbled=tally.garbled,
            gone=tally.gone,
            allocated=allocated,
            rss=rss,
            late_ms=round(tally.late * 1000, 1),
            p50_ms=tally.quantile(0.5),
            p99_ms=tally.quantile(0.99),
            max_ms=tally.longest(),
            silence_ms=round(max(tally.silence, *ongoing, 0.0) * 1000, 1),
            resumed_at=tally.resumed_at,
            joined_ms=self._joined(),
        )

    def _joined(self) -> float:
        """Return after how many ms all listeners of the stage had audio, or -1 if some had none."""
        first, since = self._joining
        began = [listener.first_at for listener in self._listeners[first:]]
        if not all(began):
            return -1.0
        return round(max((one - since for one in began), default=0.0) * 1000, 1)

    def _cpu(self) -> tuple[float, float, float, float]:
        server, redis = self._plan.server_pid, self._plan.redis_pid
        return (
            instruments.cpu_seconds(server),
            instruments.waited_seconds(server),
            instruments.cpu_seconds(redis) if redis else 0.0,
            time.process_time(),
        )

    async def _wait_for_tail(self) -> int:
        """End the taps; return how many units have not arrived TAIL seconds later."""
        self._audio.set(0)
        for tap in self._taps:
            tap.leave()
        await asyncio.sleep(TAIL)
        return sum(listener.outstanding for listener in self._listeners)

    async def _leave(self) -> None:
        sockets = [*self._taps, *self._listeners, *self._non_reading, *self._consoles]
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
    """Read a plan, carry it out, and print the readings."""
    plan = Plan.loads(sys.stdin.read())
    if plan.core is not None:
        os.sched_setaffinity(0, {plan.core})
    print(uvloop.run(Generator(plan, _log).run()).dumps())


def _log(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
