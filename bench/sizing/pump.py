"""``python -m bench.sizing.pump``: writes and reads the audio of many taps, without a server.

It reads a plan from its input, and uses the bus as a worker does, with a StreamWriter and a
StreamReader. At the end it prints a line of JSON: how many Frames were lost, how long the others
took from the writer to the reader, and how long the reader's round trips took.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
import uuid
from dataclasses import asdict, dataclass
from typing import Any, Self
from unittest import mock

import uvloop

from bench.instruments import Tally
from bench.plan import UNIT
from bench.wheel import Wheel

TICK = 0.002  # seconds between two looks at the schedule
CHUNK = 0.06  # seconds of audio in a Frame
SAMPLES = 3 * UNIT  # in a Frame
AT_ONCE = 100  # subscriptions
TAIL = 0.5  # seconds within which the last Frame must arrive
READY = "ready"


@dataclass(frozen=True, slots=True)
class PumpPlan:
    """How much is written and read, and for how long."""

    core: int
    taps: int  # with audio
    heard: int  # how many of them are read
    silent: int  # more taps that are read, and have no audio
    settle: float  # seconds
    measure: float  # seconds

    def dumps(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> Self:
        return cls(**json.loads(text))


class TimedConnection:
    """A connection to Redis whose round trips are timed."""

    def __init__(self, connection: Any, trips: Tally) -> None:
        self._connection = connection
        self._trips = trips
        self.close = connection.close

    async def call(self, packed: bytes, replies: int, *, patience: float = 0.0) -> list[Any]:
        began = time.monotonic()
        answer: list[Any] = await self._connection.call(packed, replies, patience=patience)
        self._trips.heard(time.monotonic() - began)
        self._trips.bytes_out += len(packed)
        return answer


class Pump:
    """Writes a Frame of each tap in turn, and reads those that are heard."""

    def __init__(self, plan: PumpPlan) -> None:
        from monitor.bus.queries import Queries
        from monitor.bus.reader import StreamReader
        from monitor.bus.ring import RingTarget
        from monitor.bus.writer import StreamWriter
        from monitor.telemetry.metrics import Metrics

        self._plan = plan
        metrics = Metrics()
        self._queries = Queries()
        self._writer = StreamWriter(metrics)
        self._reader = StreamReader(self._queries, metrics)
        self._targets = [RingTarget(uuid.uuid4()) for _ in range(plan.taps + plan.silent)]
        self._positions = [0] * len(self._targets)
        self._wheel = Wheel(self._write, CHUNK)
        self._sound = bytes(2 * SAMPLES)
        self._read = 0
        self._delays, self._trips = Tally(), Tally()

    async def run(self) -> dict[str, Any]:
        """Carry out the plan."""
        from monitor.servers.garbage import settle_garbage

        plan = self._plan
        tasks = [asyncio.create_task(one()) for one in (self._writer.run, self._run_reader)]
        for number in range(plan.taps, len(self._targets)):
            self._write(number, 0.0)
        await self._subscribe([*range(plan.heard), *range(plan.taps, len(self._targets))])
        self._read = 0
        settle_garbage()
        self._wheel.set(plan.taps)
        await self._turn(plan.settle)
        self._delays.reset()
        self._trips.reset()
        print(READY, flush=True)
        late = await self._turn(plan.measure)
        delays, trips = self._delays, self._trips
        said = {
            "late_ms": late * 1000,
            "p50_ms": delays.quantile(0.5),
            "p99_ms": delays.quantile(0.99),
            "trips": trips.units_out / plan.measure,
            "trip_p50_ms": trips.quantile(0.5),
            "trip_p99_ms": trips.quantile(0.99),
            "asked_bytes": trips.bytes_out / plan.measure,
        }
        self._wheel.set(0)
        await asyncio.sleep(TAIL)
        due = sum(self._positions[: plan.heard]) // SAMPLES
        said["lost"] = due - self._read + self._writer.dropped + self._writer.refused
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._queries.close()
        return said

    async def _run_reader(self) -> None:
        from monitor.bus import reader
        from monitor.bus.connection import open_connection

        async def timed(timeout: float, node: str) -> TimedConnection:
            return TimedConnection(await open_connection(timeout, node), self._trips)

        with mock.patch.object(reader, "open_connection", timed):
            await self._reader.run()

    async def _subscribe(self, numbers: list[int]) -> None:
        """Subscribe to the taps of these numbers; the first one alone, which opens connections."""
        await self._reader.subscribe(self._targets[numbers[0]].key, self._on_frame)
        for begin in range(0, len(numbers), AT_ONCE):
            await asyncio.gather(
                *(
                    self._reader.subscribe(self._targets[number].key, self._on_frame)
                    for number in numbers[begin : begin + AT_ONCE]
                )
            )

    async def _turn(self, seconds: float) -> float:
        """Write for so long; return the most by which it was late, in seconds."""
        late, until = 0.0, time.monotonic() + seconds
        while time.monotonic() < until:
            late = max(late, self._wheel.turn())
            await asyncio.sleep(TICK)
        return late

    def _write(self, number: int, _: float) -> None:
        from monitor.wire import frame

        position = self._positions[number]
        self._positions[number] = position + SAMPLES
        now = time.time_ns() // 1000
        data = frame.pack(frame.Leg.BOTH, frame.Flag.NONE, position, now, self._sound)
        self._writer.add_frame(self._targets[number], position, data)

    def _on_frame(self, data: bytes) -> None:
        sent_at = int.from_bytes(data[8:16], "little") / 1e6
        self._delays.heard(time.time() - sent_at)
        self._read += 1


def main() -> None:
    """Read a plan, carry it out, and tell what was found."""
    import django

    plan = PumpPlan.loads(sys.stdin.read())
    os.sched_setaffinity(0, {plan.core})
    django.setup()
    print(json.dumps(uvloop.run(_pump(plan))), flush=True)


async def _pump(plan: PumpPlan) -> dict[str, Any]:
    return await Pump(plan).run()


if __name__ == "__main__":
    main()
