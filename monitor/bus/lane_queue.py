"""LaneQueue: what waits to be written to one lane, and the batches in which it is sent."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from redis.exceptions import ResponseError

from monitor.bus import ring
from monitor.bus.losses import Losses
from monitor.bus.ring import RingTarget
from monitor.wire import frame

#: Seconds for which audio may wait for Redis. After that it is too late for a live call.
MAX_AGE = 3.0
COMMANDS = 1000  # that may wait

#: Errors after which a command is sent again. In a cluster, the key is at another node.
REDIRECTIONS = ("MOVED", "ASK", "TRYAGAIN")
#: Or the error passes: the server still loads its data, has lost its replicas, or a failover has
#: made it a replica, and its name, the Sentinels or the cluster will soon lead to another server.
TRANSIENT_ERRORS = ("LOADING", "MASTERDOWN", "NOREPLICAS", "READONLY", "CLUSTERDOWN")
SENT_AGAIN = (*REDIRECTIONS, *TRANSIENT_ERRORS)


class Pending(NamedTuple):
    """A Frame that waits."""

    target: RingTarget
    position: int
    data: bytes
    queued_at: float  # monotonic seconds


class LaneQueue:
    """Holds what waits for one lane, in order. A single server has one lane."""

    def __init__(self, lane: int, losses: Losses) -> None:
        self.lane = lane
        self.frames: deque[Pending] = deque()
        self.commands: deque[bytes] = deque(maxlen=COMMANDS)  # packed
        self.is_retry = False  # whether some of this was sent before, and may be stored
        #: Whether a batch has no answer yet. Until then nothing that follows it is sent, to which
        #: node ever: the batch may have to be sent again, and must be stored before.
        self.is_under_way = False
        self._losses = losses

    def __bool__(self) -> bool:
        return bool(self.frames or self.commands)

    def add(self, target: RingTarget, position: int, data: bytes) -> None:
        """Add a Frame, and drop those that have waited too long."""
        now = time.monotonic()
        self.frames.append(Pending(target, position, data, now))
        self.drop_late(now)

    def drop_late(self, now: float) -> None:
        """Drop the audio that has waited too long for a live call."""
        while self.frames and self.frames[0].queued_at < now - MAX_AGE:
            self._losses.drop(self.frames.popleft().target)

    def discard(self, target: RingTarget, since: int = 0) -> None:
        """Remove the Frames of a tap that were received since then, in µs. With a ``since``, those
        that are masked stay."""
        self.frames = deque(
            one
            for one in self.frames
            if one.target is not target or (since and not frame.is_unmasked_since(one.data, since))
        )

    def take(self, most: int) -> Batch:
        """Take a batch of at most so many Frames, and of all commands."""
        frames = [self.frames.popleft() for _ in range(min(most, len(self.frames)))]
        extra = [self.commands.popleft() for _ in range(len(self.commands))]
        batch = Batch(self, frames, extra, self.is_retry)
        self.is_retry = False
        return batch

    def put_back(self, frames: list[Pending], extra: list[bytes], *, is_retry: bool) -> None:
        """Have something sent again. ``is_retry`` says that it may be stored already."""
        self.is_retry |= is_retry
        self.frames.extendleft(reversed(frames))
        self.commands.extendleft(reversed(extra))  # a repeated event does no harm


class Batch:
    """What is sent of one lane in one round trip."""

    def __init__(
        self, queue: LaneQueue, frames: list[Pending], extra: list[bytes], is_retry: bool
    ) -> None:
        self._queue = queue
        self._extra = extra
        self._is_retry = is_retry
        self.frames = frames
        self.commands: list[bytes] = []  # packed, once ``pack`` was called

    def targets_new_to(self, connected_at: float) -> set[RingTarget]:
        """Return the rings that were last written to by another connection."""
        return {one.target for one in self.frames if one.target.connected_at != connected_at}

    def pack(self, connected_at: float) -> None:
        """Make the commands that store the Frames and renew the expiry of their rings.

        Those that store come first, so that the answer to a Frame has the Frame's index.
        """
        now = time.monotonic()
        renew_before = now - ring.RENEW_EVERY
        renewals: list[bytes] = []
        for at, (target, position, data, _) in enumerate(self.frames):
            if target.gap_due:
                target.gap_due = False
                data = frame.with_flags(data, frame.Flag.GAP)
                self.frames[at] = self.frames[at]._replace(data=data)
            self.commands.append(target.xadd(position, data))
            # A new connection may lead to a Redis that was restarted and is empty.
            if target.renewed_at < renew_before or target.connected_at != connected_at:
                target.connected_at = connected_at
                renewals.append(target.renew(now))
        self.commands += renewals
        self.commands += self._extra

    def put_back(self) -> None:
        """Have all of it sent again: it is not known what was stored."""
        self._queue.put_back(self.frames, self._extra, is_retry=True)

    def put_back_some(self, indexes: Iterable[int], *, is_retry: bool = False) -> None:
        """Have some of the commands sent again. ``is_retry`` says that they may be stored."""
        frames, extra = [], []
        for at in indexes:
            if at < len(self.frames):
                frames.append(self.frames[at])
                self.frames[at].target.connected_at = -math.inf  # have its ring's expiry renewed
            elif at >= len(self.commands) - len(self._extra):
                extra.append(self.commands[at])
        self._queue.put_back(frames, extra, is_retry=is_retry)

    def settle(
        self, indexes: Sequence[int], answers: Sequence[Any], losses: Losses
    ) -> dict[int, ResponseError]:
        """Record what was stored, and what is lost because it was refused.

        Returns the errors after which a command is to be sent again, by the command's index.
        """
        again: dict[int, ResponseError] = {}
        errors = [one for one in answers if isinstance(one, ResponseError)]
        if not errors and len(indexes) == len(self.commands):  # as nearly always
            for one in self.frames:
                one.target.confirmed = one.position
            return again
        stored: set[RingTarget] = set()  # of which a later Frame was stored
        for at, answer in zip(reversed(indexes), reversed(answers), strict=True):
            target = self.frames[at].target if at < len(self.frames) else None
            if not isinstance(answer, ResponseError):
                if target is not None and target not in stored:
                    stored.add(target)
                    target.confirmed = self.frames[at].position
            elif str(answer).startswith(SENT_AGAIN) and target not in stored:
                again[at] = answer
            # In a batch that is sent again, this Frame was stored before the connection broke. In
            # any other, a sender that ran ahead of the clock continues at an earlier position.
            elif not (self._is_retry and "equal or smaller" in str(answer)):
                losses.refuse(answer)
                if target is not None:
                    losses.lose(target, "refused by Redis")
        return dict(reversed(again.items()))
