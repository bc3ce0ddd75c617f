"""Rooms: the listeners of a tap, and the consoles, with a real hub and a real Valkey."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import redis
from pytest_django import Settings

from monitor import metrics, rfc6455
from monitor.audio import frame
from monitor.direct import Put
from monitor.live import bus
from monitor.live import rooms as rooms_module
from monitor.live.hub import Hub
from monitor.live.lag import DEGRADED, STEP
from monitor.live.rooms import ListenerSeat, ListRoom, Seat, TapRoom, TapRooms
from tests import environment
from tests.live.talk import PATIENCE, eventually

CHUNK = 480  # samples, 60 ms


class Tap:
    """A tap's ring, to which Frames are added one by one."""

    def __init__(self, store: redis.Redis, begins_at: int = 0) -> None:
        self.id = uuid.uuid4()
        self.key = bus.audio_key(self.id)
        self.position = begins_at
        self._store = store

    def add(self) -> bytes:
        data = frame.pack(frame.Leg.BOTH, frame.Flag.NONE, self.position, 0, bytes(2 * CHUNK))
        self._store.xadd(self.key, {"f": data}, id=f"{self.position}-1")
        self.position += CHUNK
        return data


class Listener:
    """A seat, and the socket that its Frames may flow to."""

    def __init__(self) -> None:
        self.sunk: list[bytes] = []
        self.flowed: list[bytes] = []
        self.seat = ListenerSeat(self.sunk.append)
        self.hold: Callable[[], None] | None = None
        self.slow = False

    def flow(self, hold: Callable[[], None]) -> Put | None:
        self.hold = hold
        return None if self.slow else self.flowed.append

    @property
    def heard(self) -> list[bytes]:
        """The Frames that came either way."""
        return [*(one[4:] for one in self.flowed), *self.sunk]

    def acknowledge(self, now: float) -> None:
        assert self.seat.lag.acked(max(map(frame.position_of, self.heard)), now)


@pytest.fixture
def store(settings: Settings) -> Iterator[redis.Redis]:
    """A database of its own in the Valkey of the run."""
    settings.REDIS_URL = f"redis://127.0.0.1:{environment.VALKEY_PORT}/10"
    with contextlib.closing(redis.Redis.from_url(settings.REDIS_URL, protocol=2)) as store:
        yield store
        store.flushdb()


@pytest.fixture
async def hub(store: redis.Redis) -> AsyncIterator[Hub]:
    one = Hub()
    reading = asyncio.create_task(one.run())
    yield one
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await one.close()


@pytest.fixture
def rooms(hub: Hub) -> TapRooms:
    return TapRooms(hub)


async def heard(where: list[bytes], count: int) -> None:
    async def enough() -> bool:
        return len(where) >= count

    await eventually(enough)


async def put_aside(hub: Hub, store: redis.Redis, key: str) -> None:
    """Have the hub find a key that is no stream; it reads on without it."""
    other: list[bytes] = []
    await hub.subscribe("other", other.append)
    store.set(key, "no stream")
    store.xadd("other", {"f": ""})
    await heard(other, 1)
    hub.unsubscribe("other", other.append)
    assert not hub.reads(key)


async def test_frames_come_to_the_sink_flow_and_come_to_the_sink_again(
    rooms: TapRooms, store: redis.Redis
) -> None:
    tap, one = Tap(store), Listener()
    assert await rooms.enter(tap.id, one.seat) == 0
    first = tap.add()
    await heard(one.sunk, 1)
    one.seat.flow(one.flow)
    second = tap.add()
    await heard(one.flowed, 1)
    one.seat.hold()
    third = tap.add()
    await heard(one.sunk, 2)
    assert one.sunk == [first, third]
    assert one.flowed == [rfc6455.binary(second)]
    assert one.seat.flowed == 1
    rooms.leave(tap.id, one.seat)


async def test_what_flowed_is_counted_for_each_and_for_the_metrics(
    rooms: TapRooms, store: redis.Redis
) -> None:
    tap, early, late = Tap(store), Listener(), Listener()
    before = metrics.hot.frames_out
    await rooms.enter(tap.id, early.seat)
    early.seat.flow(early.flow)
    tap.add()
    await heard(early.flowed, 1)
    await rooms.enter(tap.id, late.seat)
    late.seat.flow(late.flow)
    late.seat.flow(late.flow)  # it flows already
    tap.add()
    await heard(late.flowed, 1)
    assert (early.seat.flowed, late.seat.flowed) == (2, 1)
    assert metrics.hot.frames_out - before == 3
    for one in (early, late):
        rooms.leave(tap.id, one.seat)
    assert (early.seat.flowed, late.seat.flowed) == (2, 1)


async def test_a_socket_that_takes_nothing_directly_is_left_to_the_sink(
    rooms: TapRooms, store: redis.Redis
) -> None:
    tap, one = Tap(store), Listener()
    one.slow = True
    await rooms.enter(tap.id, one.seat)
    one.seat.flow(one.flow)
    data = tap.add()
    await heard(one.sunk, 1)
    assert (one.sunk, one.flowed) == ([data], [])
    rooms.leave(tap.id, one.seat)


async def test_a_socket_that_ends_its_flow_has_the_rest_come_to_the_sink(
    rooms: TapRooms, store: redis.Redis
) -> None:
    tap, one, other = Tap(store), Listener(), Listener()
    for who in (one, other):
        await rooms.enter(tap.id, who.seat)
        who.seat.flow(who.flow)
    assert one.hold
    one.hold()
    tap.add()
    await heard(other.flowed, 1)
    assert (len(one.sunk), len(one.flowed)) == (1, 0)
    for who in (one, other):
        rooms.leave(tap.id, who.seat)
    one.hold()  # too late, and of no consequence


async def test_who_comes_later_is_told_where_its_hearing_begins(
    rooms: TapRooms, store: redis.Redis
) -> None:
    tap, early, late = Tap(store, begins_at=4800), Listener(), Listener()
    tap.add()
    assert await rooms.enter(tap.id, early.seat) == 4800
    tap.add()
    await heard(early.sunk, 1)
    assert await rooms.enter(tap.id, late.seat) == 4800 + CHUNK
    data = tap.add()
    await heard(late.sunk, 1)
    assert late.sunk == [data]
    for one in (early, late):
        rooms.leave(tap.id, one.seat)


async def test_the_position_told_is_the_frames_own_which_wraps(
    rooms: TapRooms, store: redis.Redis
) -> None:
    tap, one = Tap(store, begins_at=(1 << 32) + 4800), Listener()
    tap.add()
    assert await rooms.enter(tap.id, one.seat) == 4800
    rooms.leave(tap.id, one.seat)


async def test_all_who_come_at_once_hear_all_of_one_subscription(
    rooms: TapRooms, hub: Hub, store: redis.Redis
) -> None:
    tap, many = Tap(store), [Listener() for _ in range(50)]
    await asyncio.gather(*(rooms.enter(tap.id, one.seat) for one in many))
    assert hub.subscriptions == 1
    data = tap.add()
    await heard(many[-1].sunk, 1)
    assert all(one.sunk == [data] for one in many)
    for one in many:
        rooms.leave(tap.id, one.seat)
    assert hub.subscriptions == 0


async def test_the_last_to_leave_ends_the_subscription_and_who_comes_then_begins_anew(
    rooms: TapRooms, hub: Hub, store: redis.Redis
) -> None:
    tap, one, again = Tap(store), Listener(), Listener()
    await rooms.enter(tap.id, one.seat)
    rooms.leave(tap.id, one.seat)
    assert not hub.reads(tap.key)
    tap.add()
    tap.add()
    assert await rooms.enter(tap.id, again.seat) == CHUNK
    data = tap.add()
    await heard(again.sunk, 1)
    assert (one.sunk, again.sunk) == ([], [data])
    rooms.leave(tap.id, again.seat)


async def test_who_never_got_in_may_leave(rooms: TapRooms) -> None:
    one = Listener()
    one.seat.hold()
    rooms.leave(uuid.uuid4(), one.seat)
    assert one.seat.flowed == 0


async def test_a_ring_that_was_no_stream_is_heard_again_by_those_who_waited(
    rooms: TapRooms, hub: Hub, store: redis.Redis
) -> None:
    tap, waits, comes = Tap(store), Listener(), Listener()
    await rooms.enter(tap.id, waits.seat)
    await put_aside(hub, store, tap.key)
    store.delete(tap.key)
    for _ in range(3):
        tap.add()
    assert await rooms.enter(tap.id, comes.seat) == tap.position - CHUNK
    data = tap.add()
    await heard(comes.sunk, 1)
    assert waits.sunk == comes.sunk == [data]
    for one in (waits, comes):
        rooms.leave(tap.id, one.seat)
    assert not hub.reads(tap.key)


class Console:
    """A seat, and the socket that its messages may flow to."""

    def __init__(self) -> None:
        self.sunk: list[bytes] = []
        self.flowed: list[bytes] = []
        self.seat = Seat(self.sunk.append)

    def flow(self) -> None:
        self.seat.flow(lambda hold: self.flowed.append)


@pytest.fixture
def list_room(hub: Hub) -> ListRoom:
    return ListRoom(hub)


def tell(store: redis.Redis, key: str, message: bytes) -> None:
    store.xadd(key, {"j": message})


async def test_all_consoles_hear_events_and_levels_of_one_subscription_each(
    list_room: ListRoom, hub: Hub, store: redis.Redis
) -> None:
    many = [Console() for _ in range(50)]
    await asyncio.gather(*(list_room.enter(one.seat) for one in many))
    assert hub.subscriptions == 2
    many[0].flow()
    tell(store, bus.EVENTS, b"{}")
    tell(store, bus.METERS, b"[]")
    await heard(many[-1].sunk, 2)
    assert all(sorted(one.sunk) == [b"[]", b"{}"] for one in many[1:])
    assert many[0].sunk == []
    assert sorted(many[0].flowed) == [rfc6455.text(b"[]"), rfc6455.text(b"{}")]
    for one in many:
        list_room.leave(one.seat)
    assert hub.subscriptions == 0


async def test_a_console_that_comes_when_the_last_has_left_hears_what_comes_then(
    list_room: ListRoom, store: redis.Redis
) -> None:
    one, again = Console(), Console()
    await list_room.enter(one.seat)
    list_room.leave(one.seat)
    tell(store, bus.EVENTS, b"before")
    await list_room.enter(again.seat)
    tell(store, bus.EVENTS, b"behind")
    await heard(again.sunk, 1)
    assert (one.sunk, again.sunk) == ([], [b"behind"])
    list_room.leave(again.seat)


async def test_a_console_that_gives_up_while_others_enter_takes_nothing_from_them(
    list_room: ListRoom, hub: Hub, store: redis.Redis
) -> None:
    one, other = Console(), Console()
    enters = [asyncio.create_task(list_room.enter(who.seat)) for who in (one, other)]
    await asyncio.sleep(0)  # they have begun
    enters[0].cancel()
    await asyncio.wait(enters[:1])
    list_room.leave(one.seat)
    await enters[1]
    tell(store, bus.EVENTS, b"{}")
    tell(store, bus.METERS, b"[]")
    await heard(other.sunk, 2)
    list_room.leave(other.seat)
    assert hub.subscriptions == 0


async def test_a_console_that_leaves_while_a_mended_key_is_opened_takes_nothing_from_who_enters(
    list_room: ListRoom, hub: Hub, store: redis.Redis
) -> None:
    leaves, enters = Console(), Console()
    await list_room.enter(leaves.seat)
    await put_aside(hub, store, bus.METERS)
    store.delete(bus.METERS)
    entering = asyncio.create_task(list_room.enter(enters.seat))
    await asyncio.sleep(0)
    list_room.leave(leaves.seat)
    await entering
    tell(store, bus.EVENTS, b"{}")
    tell(store, bus.METERS, b"[]")
    await heard(enters.sunk, 2)
    list_room.leave(enters.seat)


async def test_a_key_that_was_no_stream_is_heard_again_by_consoles_who_waited(
    list_room: ListRoom, hub: Hub, store: redis.Redis
) -> None:
    waits, comes = Console(), Console()
    await list_room.enter(waits.seat)
    await put_aside(hub, store, bus.EVENTS)
    store.delete(bus.EVENTS)
    await list_room.enter(comes.seat)
    tell(store, bus.EVENTS, b"{}")
    await heard(comes.sunk, 1)
    assert waits.sunk == comes.sunk == [b"{}"]
    for one in (waits, comes):
        list_room.leave(one.seat)


async def test_who_is_refused_takes_no_event_from_those_who_are_there(
    list_room: ListRoom, hub: Hub, store: redis.Redis
) -> None:
    waits, refused, comes = Console(), Console(), Console()
    await list_room.enter(waits.seat)
    await put_aside(hub, store, bus.EVENTS)
    with pytest.raises(redis.ResponseError):
        await list_room.enter(refused.seat)
    list_room.leave(refused.seat)
    store.delete(bus.EVENTS)
    await hub.subscribe(bus.EVENTS, lambda event: None)  # as a listener does
    await list_room.enter(comes.seat)
    tell(store, bus.EVENTS, b"{}")
    await heard(comes.sunk, 1)
    assert waits.sunk == comes.sunk == [b"{}"]
    for one in (waits, comes):
        list_room.leave(one.seat)


async def test_none_waits_long_behind_others_whom_redis_does_not_answer(
    list_room: ListRoom, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = Console(), Console()

    async def never(key: str, sink: Any) -> int:
        return await asyncio.Future()

    monkeypatch.setattr(hub, "subscribe", never)
    monkeypatch.setattr(rooms_module, "QUEUED", 0.01)
    first, second = (asyncio.create_task(list_room.enter(who.seat)) for who in (one, other))
    await asyncio.wait([second], timeout=PATIENCE)
    assert isinstance(second.exception(), TimeoutError)
    first.cancel()
    await asyncio.wait([first])


async def test_a_console_that_cannot_enter_leaves_nothing_behind(
    list_room: ListRoom, hub: Hub, store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Console()
    monkeypatch.setattr(bus, "METERS", bus.EVENTS + ":none")
    store.set(bus.METERS, "no stream")
    with pytest.raises(redis.ResponseError):
        await list_room.enter(one.seat)
    list_room.leave(one.seat)
    assert list_room.empty
    assert hub.subscriptions == 0


class Call:
    """A room whose tap speaks, on a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room = TapRoom()
        self.now = 0.0
        self._position = 0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    def speak(self, seconds: float, *acknowledge: Listener) -> None:
        for _ in range(round(seconds / 0.06)):
            self.now += 0.06
            data = frame.pack(frame.Leg.BOTH, frame.Flag.NONE, self._position, 0, bytes(2 * CHUNK))
            self._position += CHUNK
            self.room.hear(data)
            for one in acknowledge:
                one.acknowledge(self.now)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Call:
    return Call(monkeypatch)


def enter(call: Call, flows: bool = True) -> Listener:
    one = Listener()
    one.slow = not flows
    one.seat.join(call.room)
    one.seat.flow(one.flow)
    return one


@pytest.mark.parametrize("flows", [True, False])
async def test_who_acknowledges_nothing_is_skipped_after_5_s(call: Call, flows: bool) -> None:
    good, bad = enter(call), enter(call, flows)
    call.speak(9, good)
    assert (len(good.heard), good.seat.skipped) == (150, 0)
    assert DEGRADED <= len(bad.heard) * 0.06 < DEGRADED + STEP + 0.06
    assert bad.seat.skipped == 150 - len(bad.heard)


@pytest.mark.parametrize("flows", [True, False])
async def test_who_has_played_all_it_was_sent_is_sent_more(call: Call, flows: bool) -> None:
    """It acknowledges where the last Frame that it got begins, no more."""
    one = enter(call, flows)
    call.speak(7)
    assert one.seat.skipped
    one.acknowledge(call.now)
    before = len(one.heard)
    call.speak(STEP + 0.06, one)
    assert len(one.heard) > before
    skipped = one.seat.skipped
    call.speak(60, one)
    assert one.seat.skipped == skipped


async def test_who_is_skipped_does_not_flow(call: Call) -> None:
    one = enter(call)
    call.speak(7)
    before = len(one.heard)
    one.seat.flow(one.flow)
    call.speak(0.3)
    assert len(one.heard) == before


async def test_a_frame_that_ends_a_flow_as_it_is_written_comes_once(call: Call) -> None:
    """A client is found slow while it is written to."""
    one = enter(call)
    put = one.flowed.append

    def slow(data: bytes) -> None:
        put(data)
        one.seat.hold()

    one.seat.hold()
    one.seat.flow(lambda hold: slow)
    call.speak(0.12)
    assert (len(one.flowed), len(one.sunk)) == (1, 1)
