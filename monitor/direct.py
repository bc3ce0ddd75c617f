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

from collections.abc import Callable
from typing import Any, Protocol, cast

EXTENSION = "earshot.direct"

Take = Callable[[bytes], bool]


class Direct(Protocol):
    """A server's socket, as the consumer sees it."""

    #: The consumer's: take a binary message, or say False and it comes through ``receive``.
    take: Take | None
    #: The same with text, encoded, which need not be UTF-8.
    take_text: Take | None

    def write(self, data: bytes) -> bool:
        """Send a binary message, or say False: then it must go through ``send``."""

    def write_text(self, data: bytes) -> bool:
        """The same with a text message, encoded."""

    def unsent(self) -> int:
        """Bytes that wait here, for the kernel takes no more of them."""


class _None:
    """The direct way of a server that has none."""

    take: Take | None = None
    take_text: Take | None = None

    def write(self, data: bytes) -> bool:
        return False

    write_text = write

    def unsent(self) -> int:
        return 0


def of(scope: dict[str, Any]) -> Direct:
    """The direct way of a connection. To be asked once: the socket is the caller's then."""
    # Taken out, for the socket holds the scope: a circle would wait for the collector.
    return cast("Direct", scope.get("extensions", {}).pop(EXTENSION, None) or _None())
