"""ListenSocket by itself, with a reader that is made to fail."""

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

from monitor.fanout.audience import TapAudience, TapSubscriber
from monitor.fanout.followers import OnMessage
from monitor.limits import Limits
from monitor.services.openings import OpenedListen
from monitor.telemetry.metrics import AudioCounts, Metrics
from monitor.web.sockets.listen import ListenSocket
from monitor.wire import fast_path, frame
from monitor.wire.fast_path import Outbox
from tests.support.waiting import eventually


class Silent:
    """A reader whose Redis does not answer."""

    async def last_seconds(self, tap_id: uuid.UUID, seconds: float) -> list[bytes]:
        raise TimeoutError


def floor_with(ring: Any) -> Any:
    return SimpleNamespace(
        ring=ring,
        metrics=Metrics(),
        limits=Limits(),
        listen_writes=None,
    )


@pytest.fixture
def sent() -> list[dict[str, Any]]:
    return []


@pytest.fixture
async def listener(sent: list[dict[str, Any]]) -> ListenSocket:
    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    listener = ListenSocket(floor_with(Silent()))
    listener.scope = {"url_route": {"kwargs": {"tap_id": uuid.uuid4()}}}
    listener._send = send
    listener._fast_path = fast_path.take({})
    return listener


@pytest.fixture
def audience(listener: ListenSocket) -> TapAudience:
    audience = TapAudience(Outbox(), AudioCounts(), Limits())
    listener._subscriber.join(audience)
    listener._audience = audience
    return audience


async def test_a_backfill_while_redis_is_frozen_is_answered_and_the_audio_goes_on(
    listener: ListenSocket, audience: TapAudience, sent: list[dict[str, Any]]
) -> None:
    sender = asyncio.create_task(listener.send_loop())
    await listener.on_message({"type": "backfill", "seconds": 5})
    data = frame.pack(frame.Leg.BOTH, frame.Flag.NONE, 0, 0, bytes(960))
    audience.on_frame(data)

    async def both() -> bool:
        return len(sent) == 2 or sender.done()

    await eventually(both)
    sender.cancel()
    await asyncio.gather(sender, return_exceptions=True)
    error, audio = sent
    assert json.loads(error["text"]) == {"type": "error", "reason": "the audio bus is away"}
    assert audio["bytes"] == data


class Ring:
    """A reader whose ring has these Frames."""

    def __init__(self, frames: list[bytes]) -> None:
        self._frames = frames

    async def last_seconds(self, tap_id: uuid.UUID, seconds: float) -> list[bytes]:
        return self._frames


def at(position: int) -> bytes:
    return frame.pack(frame.Leg.BOTH, frame.Flag.NONE, position, 0, bytes(960))


@contextlib.asynccontextmanager
async def sending(listener: ListenSocket) -> AsyncIterator[None]:
    sender = asyncio.create_task(listener.send_loop())
    try:
        yield
    finally:
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)


@pytest.mark.parametrize("begins_at", [0, (1 << 32) - 960])
async def test_frames_of_both_ring_and_reader_are_sent_once_and_in_order(
    listener: ListenSocket, audience: TapAudience, sent: list[dict[str, Any]], begins_at: int
) -> None:
    """The reader brings two Frames later that the ring had already; the position may wrap."""
    said = [at(begins_at + n * 480) for n in range(6)]
    listener._floor = floor_with(Ring(said[:4]))
    audience.on_frame(said[0])
    listener._mailbox.take()
    async with sending(listener):
        await listener.on_message({"type": "backfill", "seconds": 30})

        async def as_many(count: int) -> None:
            async def came() -> bool:
                return len(sent) >= count

            await eventually(came)

        await as_many(4)
        for data in said[1:]:
            audience.on_frame(data)
        await as_many(6)
    assert [one["bytes"] for one in sent] == said
    assert listener.lag.acknowledge(frame.position_of(said[-1]), 1e9)


async def test_a_degraded_listener_is_refused_older_audio(
    listener: ListenSocket, audience: TapAudience, sent: list[dict[str, Any]]
) -> None:
    listener._floor = floor_with(Ring([at(0), at(480)]))
    audience.on_frame(at(0))
    listener._mailbox.take()
    listener._subscriber.update_degraded(time.monotonic() + 7)
    async with sending(listener):
        await listener.on_message({"type": "backfill", "seconds": 30})

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
async def test_only_acknowledgements_are_taken_on_the_fast_path(
    listener: ListenSocket, audience: TapAudience, said: bytes, taken: bool
) -> None:
    audience.on_frame(frame.pack(frame.Leg.BOTH, frame.Flag.NONE, 480, 0, bytes(960)))
    assert listener._on_text(said) is taken


async def test_a_pause_that_is_told_while_a_listener_joins_is_followed(
    listener: ListenSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader calls the listener's handler as soon as that is subscribed."""
    tap = listener.tap_id
    pause = {"changes": 1, "since": "2026-11-28T12:00:00+00:00", "until": None, "by": "alice"}
    told = {"type": "call", "call": {"pause": pause, "legs": [{"id": str(tap)}]}}

    async def opened() -> OpenedListen:
        return OpenedListen(1, tap, "both", "tapping", 1, None)

    async def join(tap_id: uuid.UUID, subscriber: TapSubscriber) -> TapAudience:
        return TapAudience(Outbox(), AudioCounts(), Limits())

    async def follow(subject: str, on_event: OnMessage) -> None:
        with contextlib.suppress(KeyError):  # of the rest of the leg's description
            on_event(told, b"")
        raise Away

    floor = SimpleNamespace(
        tap_events=SimpleNamespace(follow=follow), tap_audiences=SimpleNamespace(subscribe=join)
    )
    monkeypatch.setattr(listener, "_open_listen", opened)
    monkeypatch.setattr(listener, "_floor", floor)
    with pytest.raises(Away):
        await listener.opened()
    assert listener._audience.hidden_since
    assert json.loads(listener._notes[-1]) == {"type": "pause", **pause}


class Away(Exception):
    """Ends the joining where the test has seen enough."""
