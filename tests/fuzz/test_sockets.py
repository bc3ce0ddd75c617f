"""Whatever a sender, a listener or a page says on its socket, others hear what they would hear."""

from __future__ import annotations

import contextlib
import math
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import websockets
from channels.db import database_sync_to_async
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st
from websockets.protocol import State
from websockets.sync.client import ClientConnection, connect

from monitor.services import taps
from tests.support.fuzz import JSON, damaged, examples, messages
from tests.support.servers import Server, cookie
from tests.support.talk import hearing, more, open_tap, speaking
from tests.support.taps import MULAW
from tests.support.waiting import block_until

#: What a socket may be closed with for what was said on it. 1011 would be an error of ours.
CLOSES = {None, 1000, 1003, 1007, 1008, 1009}
OPENING = {"content-type": "audio/mulaw;rate=8000", "rate": 8000, "channels": 1}
ACK = {"type": "ack", "position": 480}
BACKFILL = {"type": "backfill", "seconds": 5}
CLOCK = {"type": "clock", "sent": 1}
SPECIAL = st.sampled_from([math.nan, math.inf, -1, 2**32, 10**400, True, "480", [480], None])
TEXTS = st.one_of(
    messages(ACK, BACKFILL, CLOCK, OPENING),
    st.builds(lambda value: b'{"type": "ack", "position": %b}' % repr(value).encode(), SPECIAL),
    SPECIAL.map(lambda value: b'{"type":"backfill","seconds":%b}' % repr(value).encode()),
    damaged(MULAW.encode()),
    JSON.map(repr).map(str.encode),
).map(lambda raw: raw.decode(errors="replace"))
SAID = st.lists(TEXTS | st.binary(max_size=400), min_size=1, max_size=12)


def say(page: ClientConnection, said: list[str | bytes]) -> int | None:
    """Say all of it, and return the code that the socket is closed with, if it is closed."""
    with contextlib.suppress(websockets.ConnectionClosed):
        for one in said:
            page.send(one)
        answered = page.ping()
        block_until(lambda: answered.is_set() or page.state is not State.OPEN)
    return page.close_code


def search(connecting: Callable[[], ClientConnection]) -> None:
    @examples(40)
    @given(said=SAID)
    def run(said: list[str | bytes]) -> None:
        with connecting() as page:
            assert say(page, said) in CLOSES

    run()


def page(server: Server, path: str, session: str) -> Callable[[], ClientConnection]:
    """Return what connects as a page does."""

    def connecting() -> ClientConnection:
        return connect(
            server.ws_url + path,
            additional_headers={"Cookie": session},
            origin=websockets.Origin(server.url),
        )

    return connecting


def sender(server: Server) -> Callable[[], ClientConnection]:
    """Return what connects to a new tap each time."""

    def connecting() -> ClientConnection:
        return connect(server.socket_url(taps.open_tap(str(uuid.uuid4())).uri))

    return connecting


KINDS: dict[str, Callable[[Server, Any, str], Callable[[], ClientConnection]]] = {
    "sender": lambda server, tap, session: sender(server),
    "listener": lambda server, tap, session: page(server, f"/listen/{tap.pk}", session),
    "console": lambda server, tap, session: page(server, "/console", session),
}


@pytest.mark.hypothesis
@pytest.mark.parametrize("kind", KINDS)
async def test_what_one_says_disturbs_no_other(each_server: Server, alice: User, kind: str) -> None:
    opened = await open_tap()
    session = await database_sync_to_async(cookie)(alice)
    connecting = KINDS[kind](each_server, opened.tap, session)
    async with speaking(each_server, opened), hearing(each_server, alice, opened) as [ear]:
        await database_sync_to_async(search)(connecting)
        await more([ear], 10)
    assert ear.holes == []
    assert "Traceback" not in each_server.said()
