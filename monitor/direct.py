"""The direct way between a socket and its consumer, past ASGI's messages.

ASGI hands a message over as a dict in a queue, which wakes a task, which is
resumed through ten coroutines: for 20 ms of audio that is half of all the work.
Our servers put the socket itself into the scope, as an extension, and a consumer
may then have whole binary messages, and write what it has, by a plain call.

It is for what comes all the time and is as it should be. Whatever is not — other
text, pings, the closing, a client that is slow, a server that is not ours — goes
ASGI's way, and so does a message while another still waits there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Protocol, cast

logger = logging.getLogger(__name__)

EXTENSION = "earshot.direct"

Take = Callable[[bytes], bool]
Put = Callable[[bytes], object]


class Outbox:
    """What our servers write the direct way: at once, or together when a block ends.

    A system call leaves the processor without what it had learned of the
    interpreter: one write of 1 kB amid other work takes 7.8 µs, one of a hundred in a
    row 3.5 to 5.7. ``with outbox:`` has all else done first, for every socket. Nothing may be
    awaited in such a block: what is written ASGI's way meanwhile would come first.
    """

    def __init__(self) -> None:
        self._gathers = False
        self._waiting: list[tuple[Sequence[Put], bytes]] = []

    def write(self, puts: Sequence[Put], data: bytes) -> None:
        """Have ``puts``, of a socket each, take whole frames."""
        if self._gathers:
            self._waiting.append((puts, data))
        else:
            _write(puts, data)

    def __enter__(self) -> None:
        self._gathers = True

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        self._gathers = False
        waiting, self._waiting = self._waiting, []
        for puts, data in waiting:
            _write(puts, data)


def _write(puts: Sequence[Put], data: bytes) -> None:
    for put in puts:
        try:
            put(data)
        except Exception:
            logger.exception("a socket could not be written")


outbox = Outbox()  # of the process: it has one loop


class Direct(Protocol):
    """A server's socket, as the consumer sees it."""

    #: The consumer's: take a binary message, or say False and it comes through ``receive``.
    take: Take | None
    #: The same with text, encoded, which need not be UTF-8.
    take_text: Take | None

    def flow(self, hold: Callable[[], None]) -> Put | None:
        """What takes whole frames from now on, for the outbox to write. ``hold`` is called,
        once, when it must have no more, for the client is slow or leaves; a server that
        takes whatever comes need not call it. None if the client is slow or leaves now."""

    def unsent(self) -> int:
        """Bytes that wait here, for the kernel takes no more of them."""


class _None:
    """The direct way of a server that has none."""

    take: Take | None = None
    take_text: Take | None = None

    def flow(self, hold: Callable[[], None]) -> Put | None:
        return None

    def unsent(self) -> int:
        return 0


def of(scope: dict[str, Any]) -> Direct:
    """The direct way of a connection. To be asked once: the socket is the caller's then."""
    # Taken out, for the socket holds the scope: a circle would wait for the collector.
    return cast("Direct", scope.get("extensions", {}).pop(EXTENSION, None) or _None())
