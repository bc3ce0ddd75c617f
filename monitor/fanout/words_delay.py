"""WordsDelay: measures how long what is said takes from its arrival to the consoles."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from monitor.telemetry.metrics import Histogram

#: The last field of every message. Within a text its quotation marks would be escaped.
RECEIVED = b'"received": '


class WordsDelay:
    """Observes the time between the post that told of something and the writes to the sockets."""

    def __init__(self, histogram: Histogram, clock: Callable[[], float] = time.time) -> None:
        self._histogram = histogram
        self._clock = clock
        self._received: list[float] = []  # when each was, of the messages that are being sent

    def sent(self, message: bytes) -> None:
        """Take a message that is being sent. The reader writes to the sockets when it has handed
        out all that it has read; the time is taken after that."""
        if not self._received:
            asyncio.get_running_loop().call_soon(self._observe)
        self._received.append(_received_at(message))

    def _observe(self) -> None:
        now = self._clock()
        for received in self._received:
            self._histogram.observe(max(0.0, now - received))
        self._received.clear()


def _received_at(message: bytes) -> float:
    """Return when what a message tells of was received.

    To parse the message would take longer than all else that is done with it.
    """
    return float(message[message.rindex(RECEIVED) + len(RECEIVED) :].rstrip(b"}"))
