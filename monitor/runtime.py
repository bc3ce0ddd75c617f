"""Runtime: builds what the sockets of one process share, and starts the loops beside them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable, Coroutine
from typing import Any

from django.conf import settings

from monitor.adapters.agents.own_webhook import own_webhook
from monitor.adapters.carriers.signalwire.calls import CallControl
from monitor.audio.attention import Thresholds
from monitor.bus.keys import ALERTS, ATTENTION, PAUSES
from monitor.bus.lease import Lease
from monitor.bus.metrics import MetricsReporter
from monitor.bus.process import this_process
from monitor.bus.queries import Queries
from monitor.bus.reader import StreamReader
from monitor.bus.redis import Unavailable
from monitor.bus.ring import RingReader
from monitor.bus.seconds import SecondsReader
from monitor.bus.writer import StreamWriter
from monitor.concurrency import Writes
from monitor.fanout.floor import Floor
from monitor.ingest.intake import Intake
from monitor.ingest.open_streams import OpenStreams
from monitor.limits import Limits
from monitor.servers.garbage import settle_garbage
from monitor.services import alerts, orders, pauses
from monitor.workers.attention_watch import AttentionWatch
from monitor.workers.carrier_orders import CarrierOrders
from monitor.workers.leased import Leased
from monitor.workers.ledger_tips import LedgerTips
from monitor.workers.metrics_loop import Measurements, MetricsLoop
from monitor.workers.pass_on import PassOn
from monitor.workers.pause_follower import PauseFollower
from monitor.workers.periodic import supervised
from monitor.workers.redis_warning import RedisWarning
from monitor.workers.republisher import Republisher
from monitor.workers.sweeper import Sweeper
from monitor.workers.tap_endings import TapEndings

Loop = Callable[[], Coroutine[Any, Any, None]]


def limits_from_settings() -> Limits:
    """Return the limits that the operator has set; all others have their defaults."""
    return Limits(
        silent_for=settings.SILENT_FOR,
        rtp_sources=tuple(settings.RTP_SOURCES),
        voice_activity=settings.VOICE_ACTIVITY,
    )


def thresholds_from_settings() -> Thresholds:
    """Return from when on a call needs attention."""
    return Thresholds(
        dead_air=settings.DEAD_AIR_SECONDS,
        one_side_silent=settings.SILENT_SIDE_SECONDS,
        one_way=settings.ONE_WAY_SECONDS,
        gone_still=settings.GONE_STILL_SECONDS,
        clipping=settings.CLIPPING_PERCENT / 100,
        talk_over=settings.TALK_OVER_PERCENT / 100,
        window=settings.ATTENTION_WINDOW_SECONDS,
        long_call=settings.LONG_CALL_MINUTES * 60,
    )


def call_control_from_settings() -> CallControl | None:
    """Return the way to SignalWire's REST API, or None where it is not set up."""
    if not orders.is_set_up():
        return None
    return CallControl(
        settings.SIGNALWIRE_SPACE, settings.SIGNALWIRE_PROJECT_ID, settings.SIGNALWIRE_API_TOKEN
    )


class Runtime:
    """Wires the parts of one process.

    ``start`` needs a running loop; ``intake`` and ``floor`` exist once it has been called.
    """

    intake: Intake
    floor: Floor

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process = this_process()
        self.metrics = self._process.metrics
        self.writes = Writes()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start what runs beside the sockets. Further calls do nothing."""
        if self._tasks:
            return
        self._queries = Queries()
        self._reporter = MetricsReporter(self.metrics, self._queries)
        writer = StreamWriter(self.metrics)
        reader = StreamReader(self._queries, self.metrics)
        ring = RingReader(self._queries)
        streams = OpenStreams(writer, self._limits)
        writer.before_sending = streams.before_sending
        self.intake = Intake(reader, ring, writer, streams, self.writes, self.metrics, self._limits)
        self._seconds = SecondsReader(self._queries)
        self._attention_lease = Lease(self._queries, ATTENTION)
        self.floor = Floor(
            reader,
            ring,
            self._seconds,
            self._attention_lease,
            self.writes,
            self._process,
            self._limits,
        )
        self._tasks = [asyncio.create_task(supervised(loop)) for loop in self._loops()]
        self._tasks.append(asyncio.create_task(RedisWarning().run()))
        settle_garbage()

    async def stop(self) -> None:
        """End the loops and send what is left, including the last counts."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self.intake.writer.drain()
        with contextlib.suppress(*Unavailable):
            await self._reporter.report_end()
        await self._queries.close()

    def _loops(self) -> tuple[Loop, ...]:
        """Return the loops that run until the process stops."""
        intake, floor = self.intake, self.floor
        streams = intake.open_streams
        return (
            intake.writer.run,
            intake.reader.run,
            streams.measure,
            streams.count,
            streams.write_silences,
            floor.access_watch.run,
            floor.attention_news.run,
            floor.keepalive.run,
            floor.lag_watch.run,
            floor.session_recorder.run,
            TapEndings(intake.reader, streams.end).run,
            PauseFollower(intake.reader, streams.follow_pause).run,
            CarrierOrders(intake.reader, call_control_from_settings()).run,
            self._pass_on().run,
            *self._leased(),
            Sweeper().run,
            LedgerTips().run,
            Republisher(self._process.publisher, self._process.revocations).run,
            MetricsLoop(self._reporter, self._measurements()).run,
            *self._judging(),
        )

    def _leased(self) -> tuple[Loop, Loop]:
        """Return the loops of which one process at a time looks at what takes time."""
        lease = functools.partial(Lease, self._queries)
        told = Leased(lease(ALERTS), alerts.look, "what is told of calls is not judged")
        forgotten = "pauses that were forgotten are not ended"
        return told.run, Leased(lease(PAUSES), pauses.end_forgotten, forgotten).run

    def _pass_on(self) -> PassOn:
        """Return the loop that passes on what comes for agents' own webhooks."""
        webhook = functools.partial(own_webhook, settings.SIGNALWIRE_SIGNING_KEY)
        return PassOn(self._process.outgoing, webhook, self.metrics.passed_on)

    def _judging(self) -> tuple[Loop, ...]:
        """Return the loop that judges which calls need attention, if voices are looked for."""
        if not self._limits.voice_activity:
            return ()
        watch = AttentionWatch(
            self.intake.reader, self._seconds, self._attention_lease, thresholds_from_settings()
        )
        return (watch.run,)

    def _measurements(self) -> Measurements:
        """Return how each gauge of the process is measured."""
        intake, floor, metrics = self.intake, self.floor, self.metrics
        return {
            metrics.taps: lambda: len(intake.open_streams),
            metrics.listeners: lambda: len(floor.open_sockets.listeners),
            metrics.lag_seconds_max: lambda: floor.lag_watch.max_seconds,
            metrics.subscriptions: lambda: intake.reader.subscriptions,
            metrics.tasks: lambda: len(asyncio.all_tasks()),
        }
