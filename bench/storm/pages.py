"""``python -m bench.storm.pages``: many pages that come at once.

It reads a plan from its input. Whoever is refused or closed comes again as a page does. All stay
until the plan's time is over. Then it prints a line of JSON: after how many seconds they had audio
or the list, with which codes sockets were closed, and how much of a core the pages took meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import random
import struct
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any, Self

import uvloop

from bench.instruments import Tally
from bench.plan import UNIT
from bench.wire import BINARY, TEXT, Socket, handshake, short_frame

LOOK_EVERY = 0.05  # seconds
ACK_EVERY = 1.0  # seconds
STEPS = (0.5, 1, 2, 4, 8)  # seconds until the next try, as in static/js/wire/socket.js
JITTER = 0.3  # of a step
HEADER = 16  # bytes before the samples of a Frame
_POSITION = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class StormPlan:
    """Who comes, and for how long they try."""

    port: int
    listeners: list[tuple[str, str]]  # the path and the cookie of each
    consoles: list[str]  # cookies
    within: float  # seconds
    stay: float  # seconds in all

    def dumps(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> Self:
        return cls(**json.loads(text))


class PageSocket(Socket):
    """One try of a page. ``done`` is set once it has what it came for, or is closed."""

    def __init__(self, request: bytes, tally: Tally, wanted: int) -> None:
        super().__init__(request, tally)
        self.opened.add_done_callback(lambda outcome: outcome.exception())  # ``has`` tells it, too
        self._wanted = wanted  # the opcode of what it came for
        self._heard = 0  # samples
        self.has = False
        self.done = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.done.set()

    def message(self, opcode: int, data: bytes, begin: int, end: int, now: float) -> None:
        if opcode != self._wanted:
            super().message(opcode, data, begin, end, now)
            return
        self.has = True
        self.done.set()
        if opcode == BINARY:
            (position,) = _POSITION.unpack_from(data, begin + 4)
            self._heard = position + (end - begin - HEADER) // 2

    def ack(self) -> None:
        """Acknowledge all that has arrived as played."""
        if self._heard >= UNIT and not self.gone:
            said = b'{"type":"ack","position":%d}' % self._heard
            self.transport.write(short_frame(TEXT, said))


class Page:
    """Comes, and comes again until it has what it wants."""

    def __init__(self, plan: StormPlan, path: str, cookie: str, chance: random.Random) -> None:
        self._plan = plan
        self._path = path
        self._cookie = cookie
        self._chance = chance
        self._wanted = TEXT if path == "/console" else BINARY
        self.tries = 0
        self.had_after = 0.0  # seconds since it first came; 0 until then
        self.socket: PageSocket | None = None

    def leave(self) -> None:
        """Close the last socket, if it was opened."""
        if self.socket is not None and hasattr(self.socket, "transport"):
            self.socket.transport.abort()

    async def come(self, tally: Tally) -> None:
        """Return once it has audio or the list."""
        came = time.monotonic()
        while not self.had_after:
            request = handshake(self._plan.port, self._path, self._cookie)
            self.socket = PageSocket(request, tally, self._wanted)
            socket = self.socket
            try:
                await asyncio.get_running_loop().create_connection(
                    lambda socket=socket: socket,  # type: ignore[misc]
                    "127.0.0.1",
                    self._plan.port,
                )
                await socket.done.wait()
            except OSError:
                tally.codes[0] += 1
            if socket.has:
                self.had_after = time.monotonic() - came
                return
            step = STEPS[min(self.tries, len(STEPS) - 1)]
            self.tries += 1
            await asyncio.sleep(step * (1 + JITTER * (2 * self._chance.random() - 1)))


async def storm(plan: StormPlan) -> dict[str, Any]:
    """Have all pages come and stay; return what became of them."""
    began, used = time.monotonic(), time.process_time()
    chance, tally = random.Random(1), Tally()  # the same order in each run
    listeners = [Page(plan, path, cookie, chance) for path, cookie in plan.listeners]
    consoles = [Page(plan, "/console", cookie, chance) for cookie in plan.consoles]
    pages = [*listeners, *consoles]
    chance.shuffle(pages)
    coming = [asyncio.create_task(page.come(tally)) for page in pages]
    acks = asyncio.create_task(_acknowledge(listeners))
    await asyncio.wait(coming, timeout=plan.within)
    core = (time.process_time() - used) / (time.monotonic() - began)
    for task in coming:
        task.cancel()
    await asyncio.sleep(began + plan.stay - time.monotonic())
    acks.cancel()
    await asyncio.gather(*coming, acks, return_exceptions=True)
    codes = {str(code): count for code, count in tally.codes.items()}
    for page in pages:
        page.leave()
    await asyncio.sleep(LOOK_EVERY)  # until they are closed
    return {
        "listeners": _times(listeners),
        "consoles": _times(consoles),
        "tries": sum(page.tries for page in pages),
        "codes": codes,
        "core": core,
    }


async def _acknowledge(listeners: list[Page]) -> None:
    """Acknowledge for all listeners in turn, each about once in ACK_EVERY seconds."""
    turns = round(ACK_EVERY / LOOK_EVERY)
    turn = 0
    while True:
        await asyncio.sleep(LOOK_EVERY)
        for page in listeners[turn % turns :: turns]:
            if page.socket is not None:
                page.socket.ack()
        turn += 1


def _times(pages: list[Page]) -> dict[str, float]:
    """Return after how many seconds half of them had what they came for, 99 %, and the last."""
    had = sorted(page.had_after for page in pages if page.had_after)
    if not had:
        return {"came": len(pages), "had": 0, "p50": 0.0, "p99": 0.0, "last": 0.0}
    p50, p99 = (had[int(share * (len(had) - 1))] for share in (0.5, 0.99))
    return {"came": len(pages), "had": len(had), "p50": p50, "p99": p99, "last": had[-1]}


def main() -> None:
    """Read a plan, carry it out, and tell what was found."""
    plan = StormPlan.loads(sys.stdin.read())
    print(json.dumps(uvloop.run(storm(plan))), flush=True)


if __name__ == "__main__":
    main()
