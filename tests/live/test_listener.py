"""ListenConsumer by itself, with a hub that is made to fail."""

from __future__ import annotations

import asyncio
import json
import uuid
from types import SimpleNamespace
from typing import Any

import pytest

from monitor import direct
from monitor.audio import frame
from monitor.live.listen import ListenConsumer
from monitor.live.rooms import Room
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
def room(listener: ListenConsumer) -> Room:
    room = Room()
    listener._seat.enter(room)
    return room


async def test_a_backfill_while_redis_is_frozen_is_answered_and_the_audio_goes_on(
    listener: ListenConsumer, room: Room, sent: list[dict[str, Any]]
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
    listener: ListenConsumer, room: Room, said: bytes, taken: bool
) -> None:
    room.hear(frame.pack(frame.Leg.BOTH, frame.Flag.NONE, 480, 0, bytes(960)))
    assert listener._take(said) is taken
