"""A listener of an audience, without a server."""

from __future__ import annotations

from monitor.fanout.audience import TapSubscriber
from monitor.wire import frame
from monitor.wire.fast_path import Close, Write
from tests.support.framing import split
from tests.support.waiting import until


class Listener:
    """A subscriber whose mailbox is ``queued`` and whose socket writes to ``direct``."""

    def __init__(self) -> None:
        self.queued: list[bytes] = []
        self.direct: list[bytes] = []
        self.subscriber = TapSubscriber(self.queued.append)
        self.close: Close | None = None
        self.slow = False

    def open(self, close: Close) -> Write | None:
        self.close = close
        return None if self.slow else self.write

    def write(self, data: bytes) -> None:
        self.direct += split(data)

    def open_fast_path(self) -> None:
        self.subscriber.open_fast_path(self.open)

    @property
    def heard(self) -> list[bytes]:
        """Return the Frames that were sent, whether queued or direct."""
        return [*(one[4:] for one in self.direct), *self.queued]

    def acknowledge(self, now: float) -> None:
        assert self.subscriber.lag.acknowledge(max(map(frame.position_of, self.heard)), now)


async def has(received: list[bytes], count: int) -> None:
    """Wait until this many messages were received."""
    await until(lambda: len(received) >= count)
