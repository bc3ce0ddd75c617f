"""The rows of the sound table, and a run of each."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bench import rows as servers
from bench import state
from bench.child import Child
from bench.sound import network
from bench.sound.ear import Ear, Recorder, Recording
from bench.sound.network import Network
from bench.sound.sender import SendPlan
from bench.testbed import RtpServer, Server, Testbed
from tests.support.bidi import Page

SERVER = "earshot-daphne"
SENDER = "bench.sound.sender"
SETTLE = 8.0  # seconds from the first sound until the window; by then the latency has been read
TAIL = 5.0  # seconds recorded after the window, in which its last chirps are heard
BLOCKED = 2.0  # seconds for which the page's thread is blocked
BLOCKED_EVERY = 30.0  # as rare as stalls
BLOCKED_FIRST = 5.0  # seconds after the beginning of the window
TAPPING = "[...document.querySelectorAll('[data-call][data-state=tapping]')]"
PLAYING = "document.querySelectorAll('.deck:is([data-audio=playing], [data-audio=silent])').length"
BLOCK = """(() => {
  const begun = Date.now();
  while (Date.now() - begun < MS);
  return begun;
})()"""


class Skipped(Exception):
    """The row cannot be measured here; the text says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a listener hears, and in which circumstances."""

    name: str
    network: Network = field(default_factory=Network)
    transport: str = "ws"
    taps: int = 1  # with a deck each
    has_chirps: bool = True  # without them, the speech is scored
    covered: bool = False  # another tab is in front
    blocked: bool = False  # the page's thread is blocked for BLOCKED again and again


JITTER = Network(jitter=0.05)
ROWS = (
    Row("clean"),
    Row("jitter", JITTER),
    Row("loss", Network(loss=0.01), transport="rtp"),
    Row("gathered", Network(gathered=50)),
    Row("decks", taps=6),
    Row("background", covered=True),
    Row("stall", Network(stall=5.0)),
    Row("blocked", blocked=True),
    Row("speech", has_chirps=False),
    Row("speech-jitter", JITTER, has_chirps=False),
)
NAMES = tuple(row.name for row in ROWS)


def named(name: str) -> Row:
    """Return the row with this name."""
    return next(one for one in ROWS if one.name == name)


class Heard(NamedTuple):
    """What was heard and noted in the window of a row. Times are Unix seconds."""

    row: Row
    begun: float  # when the first unit was sent
    first: float  # of the window
    last: float
    late_ms: float  # the most by which the sender was late
    recording: Recording
    observed: dict[str, Any]  # by observer.js
    blocks: list[float]  # when the page's thread was blocked


async def run(testbed: Testbed, ear: Ear, page: Page, row: Row, seconds: float) -> Heard:
    """Run a row. Raises Skipped."""
    await asyncio.to_thread(state.reset)
    with _serving(testbed, row):
        uris = await asyncio.to_thread(_taps, testbed, row)
        plan = SendPlan(uris, row.network, row.has_chirps)
        sender = Child(SENDER, plan.dumps(), testbed.directory)
        with sender as sending, Recorder(ear) as recorder:
            await _listen(page, testbed.port, row.taps)
            async with _covered(page, row):
                await asyncio.sleep(SETTLE)
                played = time.time() - sending.said()["begun"]
                await asyncio.sleep(network.wait_for_stall(row.network, played, SETTLE))
                first = time.time()
                blocks = await _window(page, row, first + seconds)
                last = time.time()
                await asyncio.sleep(TAIL)
                observed = json.loads(await page.evaluate("JSON.stringify(window.observed)"))
            recording = recorder.stop()
        told = sending.said()
    begun, late = told["begun"], told["late_ms"]
    return Heard(row, begun, first, last, late, recording, observed, blocks)


@contextlib.contextmanager
def _serving(testbed: Testbed, row: Row) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        stack.enter_context(Server(testbed, servers.named(SERVER).command))
        if row.transport == "rtp":
            stack.enter_context(RtpServer(testbed, servers.named(servers.RTP).command))
        yield


def _taps(testbed: Testbed, row: Row) -> list[str]:
    receiver = servers.RTP if row.transport == "rtp" else SERVER
    paths, _ = servers.open_taps(servers.named(receiver), row.taps)
    if row.transport == "rtp":
        return paths
    return [f"ws://127.0.0.1:{testbed.port}{path}" for path in paths]


async def _listen(page: Page, port: int, decks: int) -> None:
    """Sign in, and listen to all calls."""
    cookie = (await asyncio.to_thread(state.cookies, 1, 0))[0]
    name, _, value = cookie.partition("=")
    await page.add_cookie(name, value, "127.0.0.1")
    await page.goto(f"http://127.0.0.1:{port}/")
    await page.wait_for(f"{TAPPING}.length", decks)
    calls = await page.evaluate(f"{TAPPING}.map((row) => row.dataset.call).join()")
    for call in calls.split(","):
        await page.click(f'[data-call="{call}"] [data-action=listen]')
    await page.wait_for(PLAYING, decks)


@contextlib.asynccontextmanager
async def _covered(page: Page, row: Row) -> AsyncIterator[None]:
    if not row.covered:
        yield
        return
    await page.cover()
    try:
        if await page.evaluate("document.visibilityState") != "hidden":
            raise Skipped("this browser, without a window, does not hide a tab behind another")
        yield
    finally:
        await page.uncover()


async def _window(page: Page, row: Row, until: float) -> list[float]:
    """Let time pass; return when the page's thread was blocked."""
    blocks: list[float] = []
    due = time.time() + BLOCKED_FIRST
    while row.blocked and due + BLOCKED_EVERY / 2 < until:
        await asyncio.sleep(due - time.time())
        blocks.append(await page.evaluate(BLOCK.replace("MS", str(BLOCKED * 1000))) / 1000)
        due += BLOCKED_EVERY
    await asyncio.sleep(max(0.0, until - time.time()))
    return blocks
