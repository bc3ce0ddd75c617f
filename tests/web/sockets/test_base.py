"""SupervisorSocket by itself: how it records the end of a socket."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from monitor.fanout.audience import Audience, Subscriber
from monitor.fanout.floor import Floor
from monitor.fanout.mailbox import Mailbox
from monitor.fanout.open_sockets import OpenSockets
from monitor.limits import Limits
from monitor.services.permissions import TapRules
from monitor.services.session_store import SessionStore
from monitor.services.sign_ins import SignIn
from monitor.telemetry.metrics import Metrics
from monitor.web.sockets.base import SupervisorSocket
from monitor.web.sockets.console import ConsoleSocket
from monitor.web.sockets.listen import ListenSocket
from monitor.wire import websocket_frames
from monitor.wire.close import CloseCode, Closed
from monitor.wire.fast_path import Outbox


class Page(SupervisorSocket):
    """A socket that says hello, and remembers why it ended."""

    messages_sent = 0

    def __init__(self, hello: Any) -> None:
        floor = Mock(spec=Floor, open_sockets=OpenSockets(), metrics=Metrics(), admission=admitted)
        super().__init__(floor, Mailbox(1))
        self._hello = hello
        self.reason = ""
        self.keepalives = 0

    def check_access(self, user: Any, taps: TapRules) -> None:
        pass

    async def opened(self) -> None:
        await self._hello(self)

    async def send_loop(self) -> None:
        await asyncio.Event().wait()

    def send_keepalive(self) -> None:
        self.keepalives += 1

    async def on_closed(self, reason: str) -> None:
        self.reason = reason


def floor() -> Any:
    """What a ListenSocket takes from the Floor when it is made."""
    return SimpleNamespace(limits=Limits(), listen_writes=None)


async def admitted(session_key: str, check: Any, tap_id: Any) -> SignIn:
    """Let in everybody."""
    return SignIn(None, SessionStore(session_key))


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
    await page({"headers": [(b"cookie", b"sessionid=key")]}, connect, left)
    assert page.reason == reason


async def test_an_idle_socket_sends_a_keepalive_each_time() -> None:
    page = Page(says_hello)
    page.keepalive_if_idle()
    page.keepalive_if_idle()
    assert page.keepalives == 2


async def test_keepalive_is_skipped_while_other_messages_flow() -> None:
    page = Page(says_hello)
    page.messages_sent += 1
    page.keepalive_if_idle()
    assert page.keepalives == 0
    page.keepalive_if_idle()
    assert page.keepalives == 1


async def test_a_console_counts_messages_sent_both_ways_but_no_keepalive() -> None:
    console = ConsoleSocket(Mock(spec=Floor))
    audience = Audience[Subscriber](Outbox())
    console._subscriber.join(audience)
    console._subscriber.open_fast_path(lambda close: lambda data: None)
    audience.publish(b"{}", websocket_frames.text)
    console._subscriber.close_fast_path()
    audience.publish(b"{}", websocket_frames.text)
    console.send_keepalive()
    assert console.messages_sent == 2


async def test_no_message_follows_a_consoles_close_frame() -> None:
    console = ConsoleSocket(Mock(spec=Floor))
    wire, audience = list[bytes](), Audience[Subscriber](Outbox())
    console._subscriber.join(audience)
    console._subscriber.open_fast_path(lambda close: wire.append)
    audience.publish(b"{}", websocket_frames.text)
    await console.before_close(Closed(CloseCode.REVOKED, "signed out"))
    audience.publish(b"[]", websocket_frames.text)
    assert wire == [websocket_frames.text(b"{}")]


async def test_a_listener_counts_frames_of_its_send_loop() -> None:
    listener = ListenSocket(floor())
    assert listener.messages_sent == 0
    listener._frames = 2  # sent by the send loop
    assert listener.messages_sent == 2


async def test_a_listener_stays_when_the_media_of_its_lost_tap_comes_back() -> None:
    listener = ListenSocket(floor())
    lost = {"state": "lost", "end_reason": "media gone", "stop_requested_at": None}
    listener._follower.follow({**lost, "transitions": 2})
    ending = listener._follower._ending
    assert ending
    assert not ending.cancelled()
    listener._follower.follow({**lost, "state": "tapping", "transitions": 3})
    assert ending.cancelled()
