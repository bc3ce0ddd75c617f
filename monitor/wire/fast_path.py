"""The fast path between a WebSocket and its consumer, past ASGI's messages.

ASGI passes a message on as a dict in a queue. That wakes a task, which is resumed through ten
coroutines: half of all the work for 20 ms of audio. Our servers therefore put the socket
itself into the scope, as an extension, and a consumer takes whole messages and writes whole
frames by plain calls.

Each subscriber of an audience is at any time in one of two states:

      a message for the subscriber               a message for the subscriber
                   │                                          │
                   ▼           1 open_fast_path               ▼
        ┌─ queued ─────────┐ ──────────────────▶ ┌─ direct ──────────────┐
        │ put in a mailbox,│                     │ the audience calls the │
        │ sent by its      │ 2 close_fast_path   │ socket's write, through│
        │ consumer's       │ ◀────────────────── │ the Outbox             │
        │ send loop        │ 3 the server closes │                        │
        └──────────────────┘ ◀────────────────── └────────────────────────┘

1. The send loop opens the fast path once its mailbox is empty.
2. The consumer closes it when something must be sent before the next frame (a state,
   older audio, a close frame), or when the listener is too far behind.
3. The server closes it when the client is slow or leaves.

Whatever is rare or irregular goes through ASGI: other texts, pings, the closing, a slow
client, a server that is not ours, and every message while another still waits there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Protocol, cast

logger = logging.getLogger(__name__)

EXTENSION = "earshot.fast_path"

#: Takes a message and returns True, or returns False to have it come through ``receive``.
Handler = Callable[[bytes], bool]
#: Writes whole WebSocket frames to one socket.
Write = Callable[[bytes], object]
#: The server calls it once, when nothing more may be written to the socket.
Close = Callable[[], None]


class Outbox:
    """Writes frames to sockets, either at once or together at the end of a ``with`` block.

    A system call evicts the interpreter's code from the CPU cache: one write of 1 kB between
    other work takes 7.8 µs, one of a hundred in a row 3.5 to 5.7. In a ``with outbox:`` block
    all other work for all sockets is therefore done first, and what goes to the same sockets in a
    row is written at once. The block must not await anything: a message that is sent through ASGI
    meanwhile would overtake what waits here.
    """

    def __init__(self) -> None:
        self._gathers = False
        self._waiting: list[tuple[Sequence[Write], list[bytes]]] = []

    def write(self, writes: Sequence[Write], data: bytes) -> None:
        """Write whole frames by each of ``writes``, which belong to one socket each."""
        if not self._gathers:
            _write(writes, data)
        elif self._waiting and self._waiting[-1][0] is writes:
            self._waiting[-1][1].append(data)
        else:
            self._waiting.append((writes, [data]))

    def __enter__(self) -> None:
        self._gathers = True

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        self._gathers = False
        waiting, self._waiting = self._waiting, []
        for writes, parts in waiting:
            _write(writes, b"".join(parts))


def _write(writes: Sequence[Write], data: bytes) -> None:
    for write in writes:
        try:
            write(data)
        except Exception:
            logger.exception("a socket could not be written to")


class FastPath(Protocol):
    """What a consumer sees of a server's socket."""

    #: Set by the consumer: it is offered each binary message first.
    on_binary: Handler | None
    #: Set by the consumer: it is offered each text first, encoded, which need not be UTF-8.
    on_text: Handler | None

    def open_fast_path(self, close: Close) -> Write | None:
        """Return what writes whole frames from now on, or None if the client is slow or leaves.

        The server calls ``close`` once, when the client becomes slow or leaves. Nothing more
        may be written after that. A server that takes any amount need not call it.
        """

    def unsent(self) -> int:
        """Return how many bytes wait in this process because the kernel takes no more."""


class _NoFastPath:
    """Stands in for the fast path of a server that has none, so all messages go through ASGI."""

    on_binary: Handler | None = None
    on_text: Handler | None = None

    def open_fast_path(self, close: Close) -> Write | None:
        return None

    def unsent(self) -> int:
        return 0


def take(scope: dict[str, Any]) -> FastPath:
    """Take a connection's fast path out of its scope; the caller keeps it.

    The socket holds the scope: left there, the two would be a reference cycle that only the
    garbage collector frees.
    """
    found = scope.get("extensions", {}).pop(EXTENSION, None)
    return cast("FastPath", found or _NoFastPath())
