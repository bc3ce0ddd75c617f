"""The loops of a process. Sleeping takes no time, and ends the loop after some rounds."""

from __future__ import annotations

import asyncio
from unittest.mock import AsyncMock, Mock

import pytest

from monitor.bus.redis import NotConfigured
from monitor.services import announce, ledger, media
from monitor.telemetry.metrics import Gauge
from monitor.workers.ledger_tips import LedgerTips
from monitor.workers.metrics_loop import MetricsLoop
from monitor.workers.periodic import supervised
from monitor.workers.redis_warning import RedisWarning
from monitor.workers.republisher import Republisher
from monitor.workers.sweeper import Sweeper


class Rounds:
    """A sleep that lets a loop make so many rounds, and keeps how long each one slept."""

    def __init__(self, rounds: int) -> None:
        self._left = rounds
        self.slept: list[float] = []

    async def __call__(self, seconds: float) -> None:
        if not self._left:
            raise asyncio.CancelledError
        self._left -= 1
        self.slept.append(seconds)


async def test_a_loop_that_fails_is_logged_and_started_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rounds = Rounds(2)
    loop = AsyncMock(side_effect=ValueError("broken"), __qualname__="Reader.run")
    with pytest.raises(asyncio.CancelledError):
        await supervised(loop, rounds)
    assert loop.await_count == 3
    assert rounds.slept == [1.0, 1.0]
    assert caplog.messages == ["Reader.run ended"] * 3


async def test_a_sweep_that_fails_does_not_keep_the_next_one_away(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    end_stopped = Mock(side_effect=ValueError("broken"))
    monkeypatch.setattr(media, "end_stopped", end_stopped)
    rounds = Rounds(2)
    with pytest.raises(asyncio.CancelledError):
        await Sweeper(rounds).run()
    assert end_stopped.call_count == 2
    assert rounds.slept == [30.0, 30.0]
    assert caplog.messages == ["the sweep failed; the next one is in 30 s"] * 2


async def test_tips_that_cannot_be_written_are_written_the_next_time(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    publish = Mock(side_effect=[ledger.NotWritten("full"), None])
    monkeypatch.setattr(ledger.Ledger, "publish", publish)
    rounds = Rounds(2)
    with pytest.raises(asyncio.CancelledError):
        await LedgerTips(rounds).run()
    assert publish.call_count == 2
    assert rounds.slept == [600.0, 600.0]
    assert caplog.messages == ["the ledger's tips were not written"]


async def test_changes_are_published_again_only_while_some_are_left(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_missed = Mock()
    monkeypatch.setattr(announce, "publish_missed", publish_missed)
    publisher = Mock(has_unpublished=Mock(side_effect=[False, True, False]))
    revocations = Mock(has_unpublished=Mock(side_effect=[True, False, False]))
    with pytest.raises(asyncio.CancelledError):
        await Republisher(publisher, revocations, Rounds(3)).run()
    assert publish_missed.call_count == 1
    assert revocations.publish_again.call_count == 1


async def test_gauges_are_measured_before_each_report_also_while_redis_is_away() -> None:
    gauge = Gauge("taps", "Taps whose media is connected.")
    reported: list[float] = []

    async def report() -> None:
        reported.append(gauge.value)
        raise NotConfigured

    measurements = {gauge: iter([1.0, 2.0]).__next__}
    with pytest.raises(asyncio.CancelledError):
        await MetricsLoop(Mock(report=report), measurements, Rounds(2)).run()
    assert reported == [1.0, 2.0]


async def test_the_dangers_of_redis_are_logged_once_it_answers(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    danger = Mock(msg="Redis has no password.", hint="Set one.")
    dangers = Mock(side_effect=[NotConfigured(), [danger]])
    monkeypatch.setattr("monitor.bus.server_checks.dangers", dangers)
    rounds = Rounds(5)
    await RedisWarning(rounds).run()
    assert rounds.slept == [5.0]
    assert caplog.messages == ["Redis has no password. Set one."]
