"""One process judges the calls, and another goes on when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import redis
from django.db import DatabaseError, transaction

from monitor.audio.attention import Thresholds
from monitor.bus.keys import ATTENTION, EVENTS, SECONDS
from monitor.bus.lease import Lease
from monitor.bus.reader import StreamReader
from monitor.bus.redis import NotConfigured
from monitor.bus.seconds import Heard, SecondsReader
from monitor.concurrency import in_thread
from monitor.models import CallMark, CallTalk, Tap, TapState
from monitor.services import marks, media, transitions
from monitor.services.taps import OpenedTap
from monitor.services.transitions import Transition
from monitor.workers.attention_watch import AttentionWatch
from tests.support.bus import open_queries
from tests.support.scenes import SOUNDS
from tests.support.talk import open_tap
from tests.support.waiting import eventually, until

BEGAN = 1_790_000_000  # Unix seconds

pytestmark = pytest.mark.django_db(transaction=True)


class Unreleased(Lease):
    """The lease of a process that is killed, which releases nothing."""

    async def release(self) -> None:
        return


class Floor:
    """A call, whose seconds are told to Redis, and processes that judge it."""

    def __init__(self, store: redis.Redis, reader: StreamReader) -> None:
        self.store = store
        self.reader = reader
        self.now = float(BEGAN)
        self.opened: OpenedTap
        self._heard = 0  # seconds of the call

    async def connect(self) -> None:
        self.opened = await open_tap()
        await in_thread(media.connect)(self.opened.tap.pk, "a")

    def hear(self, scene: str) -> None:
        """Let a process tell what it heard in each second of a scene, and let that time pass."""
        for sound in scene:
            heard = Heard.of(BEGAN + self._heard, {str(self.opened.tap.pk): SOUNDS[sound]})
            self.store.xadd(SECONDS, {"j": heard.dumps()})
            self._heard += 1
        self.now = BEGAN + self._heard + 1

    @contextlib.asynccontextmanager
    async def process(self, kind: type[Lease] = Lease) -> AsyncIterator[asyncio.Task[None]]:
        """Run a process that judges while it holds the lease, with a round each 10 ms."""

        async def sleep(seconds: float) -> None:
            await asyncio.sleep(seconds / 100)

        async with open_queries() as queries:
            watch = AttentionWatch(
                self.reader,
                SecondsReader(queries),
                kind(queries, ATTENTION),
                Thresholds(),
                lambda: self.now,
                sleep,
            )
            task = asyncio.create_task(watch.run())
            try:
                yield task
            finally:
                task.cancel()
                await asyncio.wait([task])

    def expire_lease(self) -> None:
        """Let the time of a lease that is not renewed pass."""
        self.store.delete(ATTENTION)

    async def marks(self) -> list[tuple[str, bool]]:
        """Return the kind of each mark, and whether it has ended."""
        return [(one.kind, one.ended_at is not None) async for one in CallMark.objects.all()]

    async def until_marks_are(self, *wanted: tuple[str, bool]) -> None:
        async def are() -> bool:
            return await self.marks() == list(wanted)

        await eventually(are)

    def published(self) -> list[dict[str, Any]]:
        """Return the calls that were published."""
        entries: Any = self.store.xrange(EVENTS)
        events = [json.loads(fields[b"j"]) for _, fields in entries]
        return [event["call"] for event in events if event["type"] == "call"]


@pytest.fixture
async def floor(store: redis.Redis, reader: StreamReader) -> Floor:
    floor = Floor(store, reader)
    await floor.connect()
    return floor


async def test_silence_becomes_a_mark_and_an_event(floor: Floor) -> None:
    async with floor.process():
        floor.hear("##" + "." * 10)
        await floor.until_marks_are(("dead_air", False))
        [told] = floor.published()[-1]["attention"]
        assert (told["kind"], told["leg"], told["severity"]) == ("dead_air", None, 60)
        mark = await CallMark.objects.aget()
        assert mark.began_at.timestamp() == BEGAN + 2
        floor.hear("##")
        await floor.until_marks_are(("dead_air", True))
        assert floor.published()[-1]["attention"] == []


async def test_nothing_is_written_while_nothing_changes(floor: Floor) -> None:
    async with floor.process():
        floor.hear("." * 10)
        await floor.until_marks_are(("dead_air", False))
        before = len(floor.published())
        floor.hear("." * 20)
        await asyncio.sleep(0.2)  # twenty rounds
        assert len(floor.published()) == before


async def test_a_process_goes_on_where_a_killed_one_ended(floor: Floor) -> None:
    async with floor.process(Unreleased):
        floor.hear("##" + "." * 10)
        await floor.until_marks_are(("dead_air", False))
    async with floor.process():
        floor.hear("." * 5)
        floor.expire_lease()
        await until(lambda: floor.store.exists(ATTENTION))
        floor.hear("##")
        await floor.until_marks_are(("dead_air", True))


async def test_a_silence_that_began_before_the_takeover_is_noticed(floor: Floor) -> None:
    async with floor.process(Unreleased):
        floor.hear("##" + "." * 8)
        await asyncio.sleep(0.1)
        assert await floor.marks() == []
    floor.expire_lease()
    async with floor.process():
        floor.hear("..")
        await floor.until_marks_are(("dead_air", False))
        mark = await CallMark.objects.aget()
        assert mark.began_at.timestamp() == BEGAN + 2


async def test_a_process_waits_while_another_judges(floor: Floor) -> None:
    async with floor.process(), floor.process():
        floor.hear("." * 12)
        await floor.until_marks_are(("dead_air", False))
        assert len(floor.published()) == len({call["version"] for call in floor.published()})


async def test_a_process_that_stops_lets_another_go_on_at_once(floor: Floor) -> None:
    async with floor.process():
        await until(lambda: floor.store.exists(ATTENTION))
    assert not floor.store.exists(ATTENTION)


async def test_a_write_that_fails_is_made_in_the_next_round(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write, failures = marks.write, [DatabaseError("away")] * 3

    def failing(*args: Any) -> None:
        if failures:
            raise failures.pop()
        write(*args)

    monkeypatch.setattr(marks, "write", failing)
    async with floor.process():
        floor.hear("." * 12)
        await floor.until_marks_are(("dead_air", False))
    assert caplog.text.count("calls are not judged") == 1


async def test_nobody_judges_while_redis_is_away(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may hold the lease by then."""
    hold: Callable[[Lease], Awaitable[bool]] = Lease.hold
    away = False

    async def holding(lease: Lease) -> bool:
        if away:
            raise NotConfigured
        return await hold(lease)

    monkeypatch.setattr(Lease, "hold", holding)
    async with floor.process():
        await until(lambda: floor.reader.reads(SECONDS))
        away = True
        await until(lambda: not floor.reader.reads(SECONDS))
        away = False
        floor.hear("." * 12)
        await floor.until_marks_are(("dead_air", False))


# Who talks


class Apart(Floor):
    """A call whose parties are tapped apart."""

    agent: OpenedTap

    async def connect(self) -> None:
        self.opened = await open_tap("apart", direction="speak")
        self.agent = await open_tap("apart", direction="listen")
        for one in (self.opened, self.agent):
            await in_thread(media.connect)(one.tap.pk, one.tap.direction)

    def hear_both(self, speak: str, listen: str) -> None:
        """Let each process tell what it heard on one of the legs."""
        for tap, scene in ((self.opened.tap.pk, speak), (self.agent.tap.pk, listen)):
            for second, sound in enumerate(scene, start=self._heard):
                heard = Heard.of(BEGAN + second, {str(tap): SOUNDS[sound]})
                self.store.xadd(SECONDS, {"j": heard.dumps()})
        self._heard += len(speak)
        self.now = BEGAN + self._heard + 1

    def told(self) -> list[dict[str, Any]]:
        """Return the talk that was published."""
        entries: Any = self.store.xrange(EVENTS)
        events = [json.loads(fields[b"j"]) for _, fields in entries]
        return [event["calls"] for event in events if event["type"] == "talk"]

    async def until_talk_is(self, speak: float, listen: float) -> CallTalk:
        """Wait until the call's talk times are these, to the slot."""

        async def is_written() -> bool:
            row = await CallTalk.objects.afirst()
            return row is not None and (round(row.speak), round(row.listen)) == (speak, listen)

        await eventually(is_written)
        return await CallTalk.objects.aget()


@pytest.fixture
async def apart(store: redis.Redis, reader: StreamReader) -> Apart:
    apart = Apart(store, reader)
    await apart.connect()
    return apart


async def test_talk_is_written_and_told_while_the_call_goes_on(apart: Apart) -> None:
    async with apart.process():
        apart.hear_both("======......", "........====")
        await apart.until_talk_is(6, 3)  # what comes after is not known yet
    [told] = apart.told()
    call = told[str(apart.opened.tap.call_id)]
    assert (round(call["speak"]["seconds"]), call["overlap"], call["overlaps"]) == (6, 0, 0)


def finish(opened: OpenedTap) -> None:
    with transaction.atomic():
        tap = Tap.objects.get(pk=opened.tap.pk)
        transitions.move(tap, Transition(TapState.FINISHED, "finished"))


async def test_a_call_that_ends_keeps_all_its_talk(apart: Apart) -> None:
    """Its last seconds are judged after its end was told."""
    async with apart.process():
        apart.hear_both("====..........", "......======..")
        await until(apart.told)
        apart.hear_both("..==", "....")
        for one in (apart.opened, apart.agent):
            await in_thread(finish)(one)
        apart.now += 60
        await apart.until_talk_is(6, 6)


async def test_a_process_that_takes_over_counts_all_talk_once(apart: Apart) -> None:
    async with apart.process(Unreleased):
        apart.hear_both("====........", "......======")
        await apart.until_talk_is(4, 5)
        apart.hear_both("==....", "......")
        await asyncio.sleep(0.1)
    apart.expire_lease()
    async with apart.process():
        apart.hear_both("..==........", "............")
        row = await apart.until_talk_is(8, 6)
    assert row.overlaps == 0


async def test_a_mixed_call_has_no_talk(floor: Floor) -> None:
    async with floor.process():
        floor.hear("=" * 10 + "." * 14)
        await floor.until_marks_are(("dead_air", False))
    assert not await CallTalk.objects.aexists()
    assert floor.published()[-1]["talk"] is None


async def test_a_party_that_is_heard_again_is_told_before_the_next_write(apart: Apart) -> None:
    """Pages call it silent meanwhile."""
    async with apart.process():
        apart.hear_both("===" + "." * 17, "." * 10 + "=" * 10)
        await apart.until_talk_is(3, 9)
        apart.hear_both("===.....", "........")  # within the 10 s until the next write
        await apart.until_talk_is(6, 10)
