"""ListenConsumer by itself, with a hub that is made to fail."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from monitor import direct
from monitor.audio import frame
from monitor.live.listen import ListenConsumer
from monitor.live.rooms import TapRoom
from tests.live.talk import eventually


class Silent:
    """A hub whose Redis gives no answer."""

    async def ring(self, tap_id: uuid.UUID, seconds: float) -> list[bytes]:
        raise TimeoutError


@pytest.fixture
def sent() -> list[dict[str, Any]]:
    return []


@pytest.fixture
async def listener(sent: list[dict[str, Any]]) -> ListenConsumer:
    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    listener = ListenConsumer(SimpleNamespace(hub=Silent()))  # type: ignore[arg-type]
    listener._tap = SimpleNamespace(pk=uuid.uuid4())  # type: ignore[assignment]
    listener._send = send
    listener._direct = direct.of({})
    return listener


@pytest.fixture
def room(listener: ListenConsumer) -> TapRoom:
    room = TapRoom()
    listener._seat.join(room)
    return room


async def test_a_backfill_while_redis_is_frozen_is_answered_and_the_audio_goes_on(
    listener: ListenConsumer, room: TapRoom, sent: list[dict[str, Any]]
) -> None:
    pump = asyncio.create_task(listener.pump())
    await listener.heard({"type": "backfill", "seconds": 5})
    data = frame.pack(frame.Leg.BOTH, frame.Flag.NONE, 0, 0, bytes(960))
    room.hear(data)

    async def both() -> bool:
        return len(sent) == 2 or pump.done()

    await eventually(both)
    pump.cancel()
    await asyncio.gather(pump, return_exceptions=True)
    error, audio = sent
    assert json.loads(error["text"]) == {"type": "error", "reason": "the audio bus is away"}
    assert audio["bytes"] == data


class Ring:
    """A hub whose ring has these Frames."""

    def __init__(self, frames: list[bytes]) -> None:
        self._frames = frames

    async def ring(self, tap_id: uuid.UUID, seconds: float) -> list[bytes]:
        return self._frames


def at(position: int) -> bytes:
    return frame.pack(frame.Leg.BOTH, frame.Flag.NONE, position, 0, bytes(960))


@contextlib.asynccontextmanager
async def pumping(listener: ListenConsumer) -> AsyncIterator[None]:
    pump = asyncio.create_task(listener.pump())
    try:
        yield
    finally:
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)


@pytest.mark.parametrize("begins_at", [0, (1 << 32) - 960])
async def test_what_the_ring_had_before_the_hub_is_sent_once_and_in_order(
    listener: ListenConsumer, room: TapRoom, sent: list[dict[str, Any]], begins_at: int
) -> None:
    """The hub brings two Frames later that the ring had already; the position may wrap."""
    said = [at(begins_at + n * 480) for n in range(6)]
    listener._runtime = SimpleNamespace(hub=Ring(said[:4]))  # type: ignore[assignment]
    room.hear(said[0])
    listener._mailbox.take()
    async with pumping(listener):
        await listener.heard({"type": "backfill", "seconds": 30})

        async def as_many(count: int) -> None:
            async def came() -> bool:
                return len(sent) >= count

            await eventually(came)

        await as_many(4)
        for data in said[1:]:
            room.hear(data)
        await as_many(6)
    assert [one["bytes"] for one in sent] == said
    assert listener.lag.acked(frame.position_of(said[-1]), 1e9)


async def test_who_is_too_far_behind_gets_no_older_audio(
    listener: ListenConsumer, room: TapRoom, sent: list[dict[str, Any]]
) -> None:
    listener._runtime = SimpleNamespace(hub=Ring([at(0), at(480)]))  # type: ignore[assignment]
    room.hear(at(0))
    listener._mailbox.take()
    listener._seat.judge(time.monotonic() + 7)
    async with pumping(listener):
        await listener.heard({"type": "backfill", "seconds": 30})

        async def answered() -> bool:
            return bool(sent)

        await eventually(answered)
    [error] = sent
    assert json.loads(error["text"])["reason"] == "too far behind for older audio"


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        (b'{"type":"ack","position":480}', True),
        (b'{"position":0, "type":"ack"}', True),
        (b'{"type":"ack","position":961}', False),  # never sent: to be complained of
        (b'{"type":"ack","position":"480"}', False),
        (b'{"type":"backfill","seconds":5}', False),
        (b'["ack",480]', False),
        (b'{"type":"ack","position":480', False),
        (b"\xff\xfe", False),
        (b'{"type":"ack","position":480}' + b" " * 64, False),
    ],
)
async def test_acknowledgements_go_the_direct_way_and_nothing_else(
    listener: ListenConsumer, room: TapRoom, said: bytes, taken: bool
) -> None:
    room.hear(frame.pack(frame.Leg.BOTH, frame.Flag.NONE, 480, 0, bytes(960)))
    assert listener._take(said) is taken
