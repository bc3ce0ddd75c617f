"""Taps are spread over lanes, each of which is written and read for itself."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import Any, cast

import pytest
from redis.crc import key_slot
from redis.exceptions import ResponseError

from monitor.bus import keys, writer_link
from monitor.bus.connection import RedisConnection
from monitor.bus.keys import LANES, audio_key, health_keys
from monitor.bus.lane_queue import MAX_AGE, LaneQueue
from monitor.bus.losses import Losses
from monitor.bus.ring import RingTarget
from monitor.bus.writer import StreamWriter
from monitor.telemetry.metrics import Metrics
from monitor.wire.frame import Flag, Leg, pack, unpack_header
from tests.support.bus import idle_reader
from tests.support.valkey import CHUNK, PCM, Tap

MOVED = ResponseError("MOVED 1 127.0.0.1:7001")
FRAME = pack(Leg.BOTH, Flag.NONE, 0, 0, PCM)
OOM = ResponseError("OOM command not allowed")


def test_taps_are_spread_over_all_lanes_and_lanes_over_the_slots() -> None:
    found = {audio_key(uuid.UUID(int=number)).partition(":")[2][:4] for number in range(160)}
    assert found == {f"{{{tag}}}" for tag in LANES}
    thirds = [key_slot(tag.encode()) * 3 // 16384 for tag in LANES]
    assert [thirds.count(third) for third in range(3)] == [6, 5, 5]


def test_health_is_asked_wherever_a_key_may_be() -> None:
    fixed = [value for name, value in vars(keys).items() if name.isupper() and type(value) is str]
    slots = {key_slot(key.encode()) for key in fixed}
    slots |= {key_slot(audio_key(uuid.UUID(int=number)).encode()) for number in range(16)}
    assert {key_slot(key.encode()) for key in health_keys()} == slots


async def test_a_lane_whose_answer_is_under_way_is_not_asked_for_again() -> None:
    """It may have moved to another node meanwhile, whose answer would have the same entries."""
    called, answered = asyncio.Event(), asyncio.Event()

    class Slow:
        async def call(self, packed: bytes, replies: int, *, patience: float) -> list[None]:
            assert not called.is_set()
            called.set()
            await answered.wait()
            return [None]

    async with idle_reader() as reader:
        connection = cast("RedisConnection", Slow())
        reading = asyncio.create_task(reader._read(connection, ""))
        await called.wait()
        await reader._read(connection, "")
        answered.set()
        await reading
        called.clear()
        await reader._read(connection, "")
        assert called.is_set()


async def test_nothing_is_sent_while_what_precedes_it_has_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The lane may have moved to another node meanwhile. If the answer never comes, the Frames are
    sent again, and those after them must not be stored by then."""
    called, answered, batches = asyncio.Event(), asyncio.Event(), []

    class Slow:
        async def call(self, packed: bytes, replies: int) -> list[bytes]:
            batches.append(packed)
            called.set()
            await answered.wait()
            return [b"ok"] * replies

        async def close(self) -> None:
            pass

    async def open_connection(timeout: float, node: str) -> Slow:
        return Slow()

    monkeypatch.setattr(writer_link, "open_connection", open_connection)
    writer = StreamWriter(Metrics())
    before, now = writer._link(""), writer._link("")
    tap = Tap(writer)
    tap.say()
    sending = asyncio.create_task(before.flush())
    await called.wait()
    tap.say()
    async with asyncio.timeout(1):
        await now.flush()
    assert len(batches) == 1
    answered.set()
    await sending
    assert tap.target.confirmed == CHUNK


class Sent:
    """A batch of three Frames of one tap and one of another, with the answers to them."""

    def __init__(self) -> None:
        self.losses = Losses(Metrics())
        self.queue = LaneQueue(0, self.losses)
        self.target, self.other = RingTarget(uuid.uuid4()), RingTarget(uuid.uuid4())
        for position in range(3):
            self.queue.add(self.target, position * CHUNK, FRAME)
        self.queue.add(self.other, 0, FRAME)
        self.queue.commands.append(b"event")
        self.batch = self.queue.take(10)
        self.batch.pack(time.monotonic())

    def settle(self, *answers: Any) -> None:
        """Answer the Frames so, and all other commands well; have sent again what is to be."""
        rest = [1] * (len(self.batch.commands) - len(answers))
        own = [*answers, *rest]
        self.batch.put_back_some(self.batch.settle(range(len(own)), own, self.losses))

    @property
    def waiting(self) -> list[tuple[RingTarget, int]]:
        return [(one.target, one.position) for one in self.queue.frames]


def test_frames_whose_lane_has_moved_are_sent_again_in_order() -> None:
    sent = Sent()
    sent.settle(b"ok", MOVED, MOVED, b"ok")
    assert sent.waiting == [(sent.target, CHUNK), (sent.target, 2 * CHUNK)]
    assert (sent.target.confirmed, sent.other.confirmed) == (0, 0)
    assert not sent.queue.commands
    assert (sent.target.dropped, sent.losses.refused) == (0, 0)


def test_a_frame_before_one_that_was_stored_is_lost_and_not_sent_again() -> None:
    sent = Sent()
    sent.settle(b"ok", MOVED, b"ok", b"ok")
    assert sent.waiting == []
    assert (sent.target.dropped, sent.target.gap_due) == (1, True)
    assert (sent.other.dropped, sent.other.gap_due) == (0, False)


def test_a_refused_frame_is_lost_though_another_is_sent_again() -> None:
    sent = Sent()
    sent.settle(OOM, MOVED, MOVED, b"ok")
    assert sent.waiting == [(sent.target, CHUNK), (sent.target, 2 * CHUNK)]
    assert sent.target.dropped == 1
    again = sent.queue.take(10)
    again.pack(time.monotonic())
    flags = [unpack_header(one.data).flags for one in again.frames]
    assert flags == [Flag.GAP, Flag.NONE]


def test_an_event_is_sent_again_if_only_it_has_moved() -> None:
    sent = Sent()
    answers: list[Any] = [b"ok"] * len(sent.batch.commands)
    answers[-1] = MOVED
    sent.settle(*answers)
    assert list(sent.queue.commands) == [b"event"]
    assert sent.waiting == []


def test_audio_that_one_tap_loses_is_no_gap_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    writer = StreamWriter(Metrics())
    old, young = Tap(writer), Tap(writer)
    old.say(10)
    now += MAX_AGE + 1
    young.say()
    assert (old.target.dropped, young.target.dropped) == (10, 0)
    assert (old.target.gap_due, young.target.gap_due) == (True, False)
