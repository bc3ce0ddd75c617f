"""PageConsumer by itself: how the end of a socket is written down."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from monitor import rfc6455
from monitor.live.close import CloseCode, Closed
from monitor.live.console import ConsoleConsumer
from monitor.live.hub import Mailbox
from monitor.live.listen import ListenConsumer
from monitor.live.page import PageConsumer
from monitor.live.rooms import Room, Seat


class Page(PageConsumer):
    """A socket that says hello, and remembers why it ended."""

    told = 0

    def __init__(self, hello: Any) -> None:
        watched = SimpleNamespace(watch=lambda socket: None, forget=lambda socket: None)
        super().__init__(SimpleNamespace(rights=watched), Mailbox(1))  # type: ignore[arg-type]
        self._hello = hello
        self.reason = ""
        self.said_alive = 0

    def allowed(self, user: Any) -> None:
        pass

    async def opened(self) -> None:
        await self._hello(self)

    async def pump(self) -> None:
        await asyncio.Event().wait()

    def say_alive(self) -> None:
        self.said_alive += 1

    async def gone(self, reason: str) -> None:
        self.reason = reason


class Session(dict[str, Any]):
    """A session that holds nothing."""

    session_key = "key"


async def left(message: dict[str, Any]) -> None:
    """Raises what uvicorn does, whose ClientDisconnected is an OSError."""
    if message["type"] != "websocket.accept":
        raise OSError


async def connect() -> dict[str, Any]:
    return {"type": "websocket.connect"}


async def says_hello(page: Page) -> None:
    await page.send_json({"type": "hello"})


async def asks_redis(page: Page) -> None:
    raise ConnectionRefusedError


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("hello", "reason"),
    [(says_hello, "the page left"), (asks_redis, "the audio bus is away")],
)
async def test_a_page_that_leaves_during_hello_is_not_taken_for_a_redis_that_is_away(
    hello: Any, reason: str
) -> None:
    page = Page(hello)
    user = SimpleNamespace(pk=1, is_authenticated=True)
    scope = {"user": user, "session": Session()}
    await page(scope, connect, left)
    assert page.reason == reason


async def test_who_was_told_nothing_is_told_that_the_link_lives() -> None:
    page = Page(says_hello)
    page.alive()
    page.alive()
    assert page.said_alive == 2


async def test_who_was_told_anything_is_told_so_only_when_that_is_over() -> None:
    page = Page(says_hello)
    page.told += 1
    page.alive()
    assert page.said_alive == 0
    page.alive()
    assert page.said_alive == 1


async def test_a_console_counts_what_it_is_told() -> None:
    console = ConsoleConsumer(SimpleNamespace())  # type: ignore[arg-type]
    room = Room[Seat]()
    console._seat.join(room)
    console._seat.flow(lambda hold: lambda data: None)
    room.give(b"{}", rfc6455.text)
    console._seat.hold()
    room.give(b"{}", rfc6455.text)
    console.say_alive()
    assert console.told == 2


async def test_nothing_flows_to_a_console_behind_its_close_frame() -> None:
    console, wire, room = ConsoleConsumer(SimpleNamespace()), list[bytes](), Room[Seat]()  # type: ignore[arg-type]
    console._seat.join(room)
    console._seat.flow(lambda hold: wire.append)
    room.give(b"{}", rfc6455.text)
    await console.farewell(Closed(CloseCode.REVOKED, "signed out"))
    room.give(b"[]", rfc6455.text)
    assert wire == [rfc6455.text(b"{}")]


async def test_a_listener_counts_what_it_was_sent_either_way() -> None:
    listener = ListenConsumer(SimpleNamespace())  # type: ignore[arg-type]
    assert listener.told == 0
    listener._frames = 2  # that the pump has sent
    assert listener.told == 2


async def test_a_listening_outlives_a_lost_tap_whose_media_comes_back() -> None:
    listener = ListenConsumer(SimpleNamespace())  # type: ignore[arg-type]
    lost = {"state": "lost", "end_reason": "media gone", "stop_requested_at": None}
    listener._follow({**lost, "transitions": 2})
    ending = listener._ending
    assert ending
    assert not ending.cancelled()
    listener._follow({**lost, "state": "tapping", "transitions": 3})
    assert ending.cancelled()
