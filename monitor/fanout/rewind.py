"""Rewind: joins the older audio that a listener asked for to what it hears live."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from monitor.audio import g711
from monitor.audio.rtp.sequence import uint32_diff
from monitor.bus.redis import Unavailable
from monitor.fanout.audience import TapSubscriber
from monitor.fanout.mailbox import Mailbox
from monitor.limits import Limits
from monitor.wire import frame

ReadRing = Callable[[float], Awaitable[list[bytes]]]


class NotRewound(Exception):
    """There is no older audio for this listener now; the text says why."""


class Rewind:
    """One listener's requests for older audio."""

    def __init__(self, subscriber: TapSubscriber, mailbox: Mailbox, limits: Limits) -> None:
        self._subscriber = subscriber
        self._mailbox = mailbox
        self._limits = limits
        self._asked = 0.0  # seconds
        self._next_at = 0.0  # when the listener may ask again
        self._ring_end: int | None = None  # position of the last Frame sent from the ring
        self.seconds = 0.0  # of older audio that were sent, in all

    def ask(self, seconds: float) -> None:
        """Accept a request for older audio. Raises NotRewound."""
        if not 0 < seconds <= self._limits.max_backfill:
            raise NotRewound(f"seconds is not between 0 and {self._limits.max_backfill:.0f}")
        now = time.monotonic()
        if now < self._next_at:
            raise NotRewound(f"one backfill in {self._limits.backfill_every:.0f} s")
        self._next_at = now + self._limits.backfill_every
        self._asked = float(seconds)

    @property
    def is_asked(self) -> bool:
        """Tell whether a request waits for its answer."""
        return self._asked > 0

    @property
    def is_joining(self) -> bool:
        """Tell whether the reader may still bring Frames that were sent from the ring."""
        return self._ring_end is not None

    async def read(self, read_ring: ReadRing) -> list[bytes]:
        """Read the older audio that was asked for, oldest first. Raises NotRewound."""
        seconds, self._asked = self._asked, 0.0
        try:
            older = await read_ring(seconds)
        except Unavailable:
            raise NotRewound("the audio bus is away") from None
        if self._subscriber.degraded:
            raise NotRewound("too far behind for older audio")
        return older

    def join(self, older: list[bytes], live: list[bytes]) -> list[bytes]:
        """Return the older audio followed by the live Frames that it does not hold yet.

        The listener may then be behind by as much as the ring held. What it asked for does not
        count, because that could be any number.
        """
        if not older:
            return live
        samples = sum(map(frame.sample_count, older))
        last = frame.position_of(older[-1])
        end = last + frame.sample_count(older[-1])
        seconds = samples / g711.SAMPLE_RATE
        self._subscriber.lag.allow(seconds, end, time.monotonic())
        self.seconds += seconds
        self._ring_end = last
        return [*older, *self.skip_joined([*live, *self._mailbox.take()])]

    def skip_joined(self, live: list[bytes]) -> list[bytes]:
        """Return the live Frames without those that were already sent from the ring.

        The reader gets a Frame some 20 ms after the ring does. Until it brings one that is newer
        than the ring's last, it may repeat what the ring had.
        """
        last = self._ring_end
        if last is None:
            return live
        newer = [one for one in live if uint32_diff(frame.position_of(one), last) > 0]
        if newer:
            self._ring_end = None
        return newer
