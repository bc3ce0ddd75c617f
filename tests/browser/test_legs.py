"""The legs of a call, one over a WebSocket and one over RTP, are heard together in Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import numpy as np
import pytest_asyncio
import websockets
from django.contrib.auth.models import User
from playwright.async_api import Page, expect

from tests.support import hearing, parties
from tests.support.browsing import listen, sign_in
from tests.support.parties import Party
from tests.support.rtp_talk import Sender, open_rtp
from tests.support.servers import RtpTaps, Server
from tests.support.talk import open_tap
from tests.support.waiting import eventually

CALLER, AGENT = 440, 880  # Hz
#: Units of 20 ms that the caller's side sends at a time, so that they must wait in the page for
#: about 0.2 s. The agent's would be played up to 0.1 s before them if it did not wait, too.
GATHERED = 12
TOGETHER = 0.04  # seconds
ABSENT = -40  # dB


@dataclass
class Heard:
    """A page that hears a call."""

    page: Page
    server: Server
    caller_uri: str
    speaking: list[Party]
    socket: websockets.ClientConnection | None = None

    async def connect_caller(self) -> None:
        """Let the caller speak on a new connection."""
        self.socket = await self.server.tap(self.caller_uri)
        self.speaking.append(Party(self.socket.send, CALLER, GATHERED))

    def kill_caller(self) -> None:
        """Let the caller's connection vanish."""
        assert self.socket
        del self.speaking[-1]
        self.socket.transport.abort()

    async def together(self) -> tuple[np.ndarray, int] | None:
        """Return what is heard in 6 s and its rate, if all chirps of it are together.

        It is None while the sides are on their way to each other, or a busy machine interrupts one.
        """
        sides, rate = await hearing.record_sides(self.page, 6)
        found = parties.apart(sides, rate)
        return (sides, rate) if len(found) >= 4 and max(map(abs, found)) <= TOGETHER else None


@pytest_asyncio.fixture(loop_scope="session")
async def heard(
    page: Page, agents_server: Server, rtp_taps: RtpTaps, alice: User
) -> AsyncIterator[Heard]:
    """A page that hears a caller over a WebSocket and an agent over RTP, who say the same."""
    await sign_in(page, agents_server)
    caller = await open_tap(agent="Receptionist", direction="speak")
    agent = await open_rtp(direction="listen")
    with Sender(agent.uri) as sender:

        async def send(audio: bytes) -> None:
            sender.send(sender.packet(audio))

        async with parties.speaking(Party(send, AGENT)) as speaking:
            heard = Heard(page, agents_server, caller.uri, speaking)
            await heard.connect_caller()
            await expect(page.locator("[data-part=side]")).to_have_count(2)
            await listen(page)
            yield heard
            heard.kill_caller()


async def test_what_both_say_at_once_is_heard_at_once_each_on_its_side(heard: Heard) -> None:
    sides, rate = await eventually(heard.together, within=60)
    left, right = parties.between_chirps(sides, rate)
    hearing.assert_tone(left, rate, CALLER)
    hearing.assert_tone(right, rate, AGENT)
    assert hearing.share(left, rate, AGENT) < ABSENT
    assert hearing.share(right, rate, CALLER) < ABSENT


async def test_a_leg_that_dies_leaves_the_other_alone_and_is_together_with_it_when_it_is_back(
    heard: Heard,
) -> None:
    heard.kill_caller()
    (left, right), rate = await hearing.record_sides(heard.page, 5)
    assert hearing.share_heard(right, rate) > 0.95  # a busy machine interrupts it for some ms
    assert hearing.share_heard(left[-rate:], rate) == 0
    await heard.connect_caller()
    await eventually(heard.together, within=60)
