"""AttentionWatch: judges which calls need attention and who talks, in one process at a time.

A call's legs may be received by several processes, so none of them can judge it alone. One process
holds a lease and judges all calls; another takes over when the lease is no longer renewed. It then
reads the seconds that Redis still has, and the marks that have not ended, so that no mark is lost
or begun twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Callable
from typing import Any

from monitor.audio.attention import Thresholds
from monitor.bus.keys import EVENTS, SECONDS
from monitor.bus.lease import Lease
from monitor.bus.reader import StreamReader
from monitor.bus.redis import Unavailable
from monitor.bus.seconds import Heard, SecondsReader
from monitor.concurrency import in_thread
from monitor.services import marks, talks
from monitor.telemetry.episodes import Episodes
from monitor.workers.call_judge import CallJudge
from monitor.workers.periodic import Sleep

logger = logging.getLogger(__name__)

EVERY = 1.0  # seconds; it also renews the lease, which lasts for 5 s
#: A second is judged when it has been over for this many, because by then all processes have told
#: what they heard in it: they do so within 0.2 s of its end.
LATE = 1


class AttentionWatch:
    """Judges while this process holds the lease."""

    def __init__(
        self,
        reader: StreamReader,
        seconds: SecondsReader,
        lease: Lease,
        thresholds: Thresholds,
        clock: Callable[[], float] = time.time,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._reader = reader
        self._seconds = seconds
        self._lease = lease
        self._thresholds = thresholds
        self._clock = clock
        self._sleep = sleep
        self._judge: CallJudge | None = None  # while this process holds the lease
        self._failures = Episodes()

    async def run(self) -> None:
        """Judge each second until cancelled. A round that fails is logged; the next one comes."""
        try:
            while True:
                await self._round()
                await self._sleep(EVERY)
        finally:
            self._stop()
            with contextlib.suppress(*Unavailable):
                await self._lease.release()

    async def _round(self) -> None:
        try:
            if not await self._lease.hold():
                self._stop()
                return
            judge = self._judge or await self._start()
            await self._judge_calls(judge)
        except Unavailable:
            self._stop()  # another process may hold the lease by now
        except Exception as error:
            if self._failures.begins(type(error).__name__):
                logger.exception("calls are not judged; the next round tries again")

    async def _start(self) -> CallJudge:
        """Begin to judge, with what was heard before."""
        self._judge = judge = CallJudge(self._thresholds)
        await self._reader.subscribe(SECONDS, self._on_second)
        await self._reader.subscribe(EVENTS, self._on_event)
        async for heard in self._seconds.recent():
            judge.hear(heard)
        return judge

    def _stop(self) -> None:
        self._judge = None
        self._reader.unsubscribe(SECONDS, self._on_second)
        self._reader.unsubscribe(EVENTS, self._on_event)

    def _on_second(self, value: bytes) -> None:
        if self._judge:
            self._judge.hear(Heard.loads(value))

    def _on_event(self, value: bytes) -> None:
        """Follow the calls; ignore the events of other kinds."""
        event: dict[str, Any] = json.loads(value)
        if self._judge and event["type"] == "call":
            self._judge.follow(event["call"])

    async def _judge_calls(self, judge: CallJudge) -> None:
        """Judge the seconds that are due, and write what has changed since the last time."""
        if unknown := judge.unknown():
            judge.watch(await in_thread(marks.watched)(unknown))
        until = int(self._clock()) - 1 - LATE
        for second in judge.due(until):
            for _ in judge.judge(second):
                await asyncio.sleep(0)  # audio must not wait until all calls are judged
        begun, ended = judge.changes()
        if begun or ended:
            await in_thread(marks.write)(begun, ended, judge.judged_until)
            judge.written(begun, ended)
        if changed := judge.talks.settle(until):
            await in_thread(talks.write)(changed)
            judge.talks.written(changed)
