"""``python -m bench.words.teller``: tells a line of one call after another, until it is ended.

It is a process of its own, so that nothing else delays it. It reads a plan from its input. With
messages in the plan it publishes them as a server does; otherwise it posts what SignalWire would,
over connections that stay open. A line that is due while all of them are busy waits, and its stamp
is of the moment at which it was due. At the end it prints a line of JSON: how many lines were told,
how many posts were refused, and the most by which it was late.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Self

from bench.wheel import Wheel
from bench.words import calls

TICK = 0.001  # seconds between two looks at the schedule
CONNECTIONS = 16
OK = b"HTTP/1.1 200"


@dataclass(frozen=True, slots=True)
class TellPlan:
    """Everything that the teller needs to know."""

    calls: int
    rate: int  # lines a second, over all calls
    messages: list[dict[str, Any]]  # of each call, which are published again and again
    port: int = 0  # of the server that is posted to, if there are no messages
    path: str = ""

    def dumps(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> Self:
        return cls(**json.loads(text))


class Teller:
    """Has ``tell`` tell the next line of each call in turn. Its arguments are the numbers of the
    call and of the line, and the time, in seconds of Unix time."""

    def __init__(self, plan: TellPlan, tell: Callable[[int, int, float], None]) -> None:
        self._tell = tell
        self._calls = plan.calls
        self._wheel = Wheel(self.tell_call, plan.calls / plan.rate)
        self.told = 0
        self.late = 0.0  # seconds, the most by which a line was told too late

    async def run(self) -> None:
        """Tell until cancelled."""
        self._wheel.set(self._calls)
        while True:
            self.late = max(self.late, self._wheel.turn())
            await asyncio.sleep(TICK)

    def tell_call(self, number: int, _: float) -> None:
        """Tell the next line of a call, when its turn has come."""
        self._tell(number, calls.SAID_BEFORE + self.told // self._calls, time.time())
        self.told += 1


class Poster:
    """Posts lines to a server."""

    def __init__(self, plan: TellPlan) -> None:
        self._plan = plan
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue()
        self.refused = 0

    def tell(self, number: int, line: int, at: float) -> None:
        """Post a line as soon as a connection is free."""
        body = json.dumps(calls.post(number, line, at)).encode()
        head = (
            f"POST {self._plan.path} HTTP/1.1\r\nHost: 127.0.0.1:{self._plan.port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._waiting.put_nowait(head.encode() + body)

    async def run(self) -> None:
        """Post what is told, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(CONNECTIONS):
                tasks.create_task(self._post())

    async def _post(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._plan.port)
        with contextlib.closing(writer):
            while True:
                writer.write(await self._waiting.get())
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
                await reader.readexactly(int(length))
                self.refused += not head.startswith(OK)


async def main() -> None:
    """Tell what the input asks for, until SIGTERM."""
    plan = TellPlan.loads(sys.stdin.read())
    poster = None if plan.messages else Poster(plan)
    teller = Teller(plan, poster.tell if poster else _publishing(plan))
    runs = [teller.run(), *([poster.run()] if poster else [])]
    telling = asyncio.gather(*runs)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, telling.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await telling
    refused = poster.refused if poster else 0
    told = {"told": teller.told, "refused": refused, "late_ms": round(teller.late * 1000, 1)}
    print(json.dumps(told), flush=True)


def _publishing(plan: TellPlan) -> Callable[[int, int, float], None]:
    """Return what publishes a line as the services of a server do."""
    import django

    django.setup()
    from monitor.bus.process import this_process

    publisher = this_process().publisher
    return lambda number, line, at: publisher.publish_words(
        calls.again(plan.messages[number], line, at)
    )


if __name__ == "__main__":
    asyncio.run(main())
