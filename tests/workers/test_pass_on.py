"""What SignalWire posts is passed on: in order, again where that may help, and within bounds."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from monitor.adapters.agents.own_webhook import Answer, Outcome
from monitor.bus.outgoing import Outgoing
from monitor.telemetry.metrics import Metrics
from monitor.wire.own_post import OwnPost
from monitor.workers import pass_on
from monitor.workers.pass_on import AT_ONCE, EVENTS, RECORDS, PassOn
from tests.support.waiting import until

TAKEN = Answer(Outcome.TAKEN, "answered 200")
REFUSED = Answer(Outcome.REFUSED, "answered 403")
DEAD = Answer(Outcome.UNANSWERED, "answered 503")


def event(text: str, call: str = "call-1", host: str = "desk.example") -> OwnPost:
    return OwnPost(f"https://own:s3cret@{host}/x", text.encode(), "application/json", call, False)


class FakeWebhook:
    """Answers TAKEN, or what ``answers`` has for a body, in turn. A ``held`` host hangs."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.answers: dict[str, list[Answer]] = {}
        self.held: set[str] = set()
        self.at_once = 0

    async def send(self, post: OwnPost) -> Answer:
        text = post.body.decode()
        self.sent.append(text)
        self.at_once += 1
        try:
            while post.host in self.held:
                await asyncio.sleep(0.001)
        finally:
            self.at_once -= 1
        answers = self.answers.get(text, [])
        return answers.pop(0) if answers else TAKEN


class Running:
    """A PassOn that runs, with what it posts through and counts with."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.outgoing = Outgoing(self.metrics)
        self.webhook = FakeWebhook()
        self.slept: list[float] = []
        self.counts: dict[str, int] = {}
        self._worker = PassOn(self.outgoing, self._open, self.metrics.passed_on, self._sleep)

    @contextlib.asynccontextmanager
    async def _open(self) -> AsyncIterator[FakeWebhook]:
        yield self.webhook

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    def counted(self) -> dict[str, int]:
        """Return all that was counted so far."""
        for outcome, posts in self.metrics.passed_on.take().items():
            self.counts[outcome] = self.counts.get(outcome, 0) + posts
        return self.counts

    async def settled(self, posts: int) -> dict[str, int]:
        """Wait until so many posts have come to an end, and return what was counted."""

        def ended() -> bool:
            counted = self.counted()
            return sum(n for outcome, n in counted.items() if outcome != "repeated") >= posts

        await until(ended)
        return self.counts

    @contextlib.asynccontextmanager
    async def run(self) -> AsyncIterator[Running]:
        task = asyncio.create_task(self._worker.run())
        await asyncio.sleep(0)
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_posts_of_one_call_are_passed_on_in_order_whatever_happens_to_one() -> None:
    async with Running().run() as running:
        running.webhook.answers["1"] = [DEAD, DEAD]
        for n in range(3):
            running.outgoing.put(event(str(n)))
        assert await running.settled(3) == {"passed": 3, "repeated": 2}
    assert running.webhook.sent == ["0", "1", "1", "1", "2"]


async def test_a_call_that_waits_holds_up_no_other_call() -> None:
    async with Running().run() as running:
        running.webhook.answers["slow"] = [DEAD] * 3
        running.outgoing.put(event("slow"))
        running.outgoing.put(event("fast", call="call-2"))
        await running.settled(2)
    assert running.webhook.sent[:2] == ["slow", "fast"]


async def test_a_host_that_hangs_holds_up_no_other_host_and_takes_few_connections() -> None:
    async with Running().run() as running:
        running.webhook.held = {"https://dead.example"}
        for n in range(3 * AT_ONCE):
            running.outgoing.put(event("dead", call=f"call-{n}", host="dead.example"))
        await until(lambda: running.webhook.at_once == AT_ONCE)
        running.outgoing.put(event("living"))
        assert await running.settled(1) == {"passed": 1}
        assert running.webhook.at_once == AT_ONCE


async def test_events_that_flood_a_host_hold_up_no_record() -> None:
    async with Running().run() as running:
        running.webhook.answers = {"event": [DEAD] * 1000}
        running.outgoing.put(event("event"))
        running.outgoing.put(replace(event("record"), is_record=True))
        await running.settled(2)
    assert running.webhook.sent.index("record") == 1


@pytest.mark.parametrize(("is_record", "attempts"), [(False, 3), (True, 8)])
async def test_after_some_attempts_a_post_has_failed(is_record: bool, attempts: int) -> None:
    async with Running().run() as running:
        running.webhook.answers["x"] = [DEAD] * 20
        running.outgoing.put(replace(event("x"), is_record=is_record))
        assert await running.settled(1) == {"repeated": attempts - 1, "failed": 1}
    pauses = (RECORDS if is_record else EVENTS).pauses
    assert all(
        0.7 <= slept / pause <= 1.3 for slept, pause in zip(running.slept, pauses, strict=True)
    )


async def test_what_was_refused_is_not_posted_again() -> None:
    async with Running().run() as running:
        running.webhook.answers["x"] = [REFUSED]
        running.outgoing.put(event("x"))
        assert await running.settled(1) == {"failed": 1}
    assert running.webhook.sent == ["x"]


async def test_of_too_many_the_oldest_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pass_on, "EVENTS", replace(EVENTS, max_posts=3))
    async with Running().run() as running:
        running.webhook.held = {"https://desk.example"}
        running.outgoing.put(event("first"))
        await until(lambda: running.webhook.sent)
        for n in range(5):
            running.outgoing.put(event(str(n)))
        await until(lambda: running.counted().get("dropped") == 2)
        running.webhook.held = set()
        await running.settled(6)
    assert running.webhook.sent == ["first", "2", "3", "4"]


async def test_of_too_large_ones_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pass_on, "EVENTS", replace(EVENTS, max_bytes=10))
    async with Running().run() as running:
        running.webhook.held = {"https://desk.example"}
        for body in ("first", "12345", "67890", "abcde"):
            running.outgoing.put(event(body))
            await until(lambda: running.webhook.sent)
        await until(lambda: running.counted().get("dropped") == 1)


async def test_a_live_event_is_not_passed_on_when_it_is_stale(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pass_on, "EVENTS", replace(EVENTS, stale_after=-1.0))
    async with Running().run() as running:
        running.outgoing.put(event("x"))
        assert await running.settled(1) == {"dropped": 1}
    assert not running.webhook.sent


async def test_what_still_waits_at_a_stop_is_passed_on_if_that_is_quick() -> None:
    running = Running()
    async with running.run():
        running.outgoing.put(event("first"))
        await running.settled(1)
        for n in range(20):
            running.outgoing.put(event(str(n), call=f"call-{n}"))
        await asyncio.sleep(0)
    assert running.counted() == {"passed": 21}


async def test_what_comes_as_the_process_ends_is_counted() -> None:
    running = Running()
    async with running.run():
        running.outgoing.put(event("x"))
        await asyncio.sleep(0)
    assert running.counted() == {"dropped": 1}


async def test_what_could_not_be_passed_on_before_the_end_is_counted_and_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pass_on, "LEAVE_WITHIN", 0.01)
    running = Running()
    with caplog.at_level(logging.WARNING):
        async with running.run():
            running.webhook.held = {"https://desk.example"}
            running.outgoing.put(event("one"))
            running.outgoing.put(event("two"))
            await until(lambda: running.webhook.sent)
    assert running.counted() == {"dropped": 2}
    assert "2 posts were not passed on before the process ended" in caplog.text


async def test_the_log_names_the_host_once_and_nothing_that_is_secret(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        async with Running().run() as running:
            running.webhook.answers["secret"] = [DEAD] * 20
            running.outgoing.put(event("secret"))
            await running.settled(1)
    assert [record.getMessage() for record in caplog.records] == [
        "what SignalWire posts is not passed on to https://desk.example: answered 503"
    ]


async def test_what_nobody_receives_is_dropped_and_counted() -> None:
    running = Running()
    running.outgoing.put(event("x"))
    assert running.counted() == {"dropped": 1}
