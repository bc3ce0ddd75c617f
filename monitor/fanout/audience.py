"""Audiences: the sockets in this process that are sent the same, such as the listeners of a tap.

By the time the next message arrives, a socket's fifteen objects have left the CPU cache,
and touching them triples its cost. Whatever is the same for all subscribers is therefore
kept once, here: a message costs a subscriber on the fast path only the write to its socket.
``monitor.wire.fast_path`` shows how a subscriber moves between its two states.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.conf import settings

from monitor.bus.keys import audio_key
from monitor.bus.reader import Handler, StreamReader
from monitor.fanout.lag import WRAP, ListenerLag, SendLog
from monitor.limits import Limits
from monitor.telemetry.metrics import AudioCounts
from monitor.wire import frame, websocket_frames
from monitor.wire.fast_path import Close, Outbox, Write


class Subscriber:
    """One socket's place in its audience, or in several that send it different messages.

    Its messages are queued with ``put``, or go directly to its socket's write.
    """

    def __init__(self, put: Handler) -> None:
        self._put = put
        self._audiences: list[Audience[Any]] = []
        self._sent_directly = 0  # messages, until the fast path was last closed
        self._direct_since: int | None = None  # what its audiences had sent when it was opened

    @property
    def sent_directly(self) -> int:
        """How many messages went by the fast path."""
        if self._direct_since is None:
            return self._sent_directly
        return self._sent_directly + self._published() - self._direct_since

    def _published(self) -> int:
        return sum(audience.published for audience in self._audiences)

    def join(self, audience: Audience[Any]) -> None:
        """Receive an audience's messages from now on. Joining twice does nothing."""
        if audience not in self._audiences:
            self.close_fast_path()
            self._audiences.append(audience)
            audience.add(self)

    def leave(self, audience: Audience[Any]) -> None:
        """Receive no more of an audience's messages. Leaving twice does nothing."""
        if audience in self._audiences:
            self.close_fast_path()
            self._audiences.remove(audience)
            audience.remove(self)

    def open_fast_path(self, open_: Callable[[Close], Write | None]) -> None:
        """Have messages written directly, if the socket's ``open_`` allows it now."""
        if not self._audiences or self._direct_since is not None:
            return
        if write := open_(self.close_fast_path):
            self._direct_since = self._published()
            for audience in self._audiences:
                audience.move_to_direct(self, write)

    def close_fast_path(self) -> None:
        """Have messages queued from now on."""
        if self._direct_since is not None:
            self._sent_directly, self._direct_since = self.sent_directly, None
            for audience in self._audiences:
                audience.move_to_queued(self)

    def put(self, data: bytes) -> None:
        """Queue a message."""
        self._put(data)


class TapSubscriber(Subscriber):
    """A listener's place. While the listener is too far behind, Frames are skipped for it."""

    lag: ListenerLag  # set when it joins a tap's audience

    def __init__(self, put: Handler) -> None:
        super().__init__(put)
        self.skipped = 0
        self._degraded = False

    @property
    def degraded(self) -> bool:
        """Tell whether the listener is too far behind to be sent more."""
        return self._degraded

    def open_fast_path(self, open_: Callable[[Close], Write | None]) -> None:
        if not self._degraded:
            super().open_fast_path(open_)

    def put(self, data: bytes) -> None:
        if self._degraded:
            self.skipped += 1
        else:
            super().put(data)

    def update_degraded(self, now: float) -> None:
        """Start or stop skipping Frames for this listener.

        Call it before a mark is recorded: a mark must point at a Frame that was really sent.
        """
        self._degraded = self.lag.update_degraded(now)
        if self._degraded:
            self.close_fast_path()


S = TypeVar("S", bound=Subscriber)


class Audience(Generic[S]):
    """The subscribers that receive the same messages."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.published = 0  # messages
        self._queued: set[S] = set()
        self._direct: dict[S, Write] = {}
        self._writes: tuple[Write, ...] | None = None  # those of _direct; None after a change

    @property
    def empty(self) -> bool:
        return not self._queued and not self._direct

    def publish(self, data: bytes, framed: Callable[[bytes], bytes]) -> int:
        """Send a message to all subscribers; ``framed`` makes it a WebSocket frame.

        Returns how many received it by the fast path.
        """
        self.published += 1
        queued = tuple(self._queued)  # copied first: a write may move its subscriber here
        if self._writes is None:
            self._writes = tuple(self._direct.values())
        direct = len(self._writes)
        if direct:
            self._outbox.write(self._writes, framed(data))
        for subscriber in queued:
            subscriber.put(data)
        return direct

    def add(self, subscriber: S) -> None:
        """Add a subscriber, queued."""
        self._queued.add(subscriber)

    def remove(self, subscriber: S) -> None:
        """Remove a queued subscriber."""
        self._queued.discard(subscriber)

    def move_to_direct(self, subscriber: S, write: Write) -> None:
        """Send by ``write`` to a queued subscriber from now on."""
        self._queued.discard(subscriber)
        self._direct[subscriber] = write
        self._writes = None

    def move_to_queued(self, subscriber: S) -> None:
        """Queue the messages of a direct subscriber from now on."""
        del self._direct[subscriber]
        self._queued.add(subscriber)
        self._writes = None


class TapAudience(Audience[TapSubscriber]):
    """The listeners of one tap."""

    def __init__(self, outbox: Outbox, counts: AudioCounts, limits: Limits) -> None:
        super().__init__(outbox)
        self._counts = counts
        self._limits = limits
        self.send_log = SendLog(settings.RING_SECONDS + 2 * limits.too_slow)
        #: While the call is paused: what was received from then on is not sent, in µs.
        self.hidden_since: int | None = None

    def add(self, subscriber: TapSubscriber) -> None:
        subscriber.lag = ListenerLag(self.send_log, self._limits)
        super().add(subscriber)

    def on_frame(self, data: bytes) -> None:
        """Send a Frame to every listener, and record when it was sent."""
        if self.hides(data):
            return
        now = time.monotonic()
        if self.send_log.is_mark_due(now):
            for subscriber in (*self._queued, *self._direct):
                subscriber.update_degraded(now)
        self.send_log.record(frame.position_of(data), frame.sample_count(data), now)
        self._counts.frames_out += self.publish(data, websocket_frames.binary)

    @property
    def newest(self) -> int:
        """The position of the last Frame: the audio of a new listener begins after it."""
        return self.send_log.newest % WRAP

    def hides(self, data: bytes) -> bool:
        """Return whether a Frame has what was said in the pause that goes on."""
        since = self.hidden_since
        return since is not None and frame.is_unmasked_since(data, since)


class TapAudiences:
    """The audiences of all taps that are heard in this process, each read from its ring."""

    def __init__(self, reader: StreamReader, counts: AudioCounts, limits: Limits) -> None:
        self._reader = reader
        self._counts = counts
        self._limits = limits
        self._audiences: dict[uuid.UUID, TapAudience] = {}

    async def subscribe(self, tap_id: uuid.UUID, subscriber: TapSubscriber) -> TapAudience:
        """Add a listener to a tap's audience, and return the audience.

        Raises bus.Unavailable while Redis is away.
        """
        audience = self._audiences.get(tap_id)
        # The reader resumes a key that was not a stream only when it is asked again.
        if audience is None or not self._reader.reads(audio_key(tap_id)):
            audience = await self._open(tap_id)
        subscriber.join(audience)
        return audience

    def unsubscribe(self, tap_id: uuid.UUID, subscriber: TapSubscriber) -> None:
        """Remove a listener. The last one ends the reading of the tap's ring."""
        audience = self._audiences.get(tap_id)
        if audience is None:
            return
        subscriber.leave(audience)
        if audience.empty:
            self._reader.unsubscribe(audio_key(tap_id), audience.on_frame)
            del self._audiences[tap_id]

    async def _open(self, tap_id: uuid.UUID) -> TapAudience:
        """Begin to read a tap's ring. Callers at the same time all get the first one's audience."""
        key = audio_key(tap_id)
        audience = TapAudience(self._reader.outbox, self._counts, self._limits)
        begins_after = await self._reader.subscribe(key, audience.on_frame)
        first = self._audiences.setdefault(tap_id, audience)
        if audience.send_log.newest < 0:  # no Frame has told the position yet
            first.send_log.advance(begins_after % WRAP)
        if first is not audience:
            self._reader.unsubscribe(key, audience.on_frame)
        return first
