"""PassOn: passes on what SignalWire has posted to us to the URLs that agents have of their own.

Each host has a queue of its own for live events and one for records of calls, so that neither a
slow host nor a flood of events holds up anything else. Of one call, posts are passed on one after
the other, in the order in which they came. Whoever posted to us has had our answer by then.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from monitor.adapters.agents.own_webhook import Answer, Outcome
from monitor.bus.outgoing import Outgoing
from monitor.telemetry.episodes import Episodes
from monitor.telemetry.metrics import Counter
from monitor.wire.body_limit import MIB
from monitor.wire.own_post import OwnPost

logger = logging.getLogger(__name__)

AT_ONCE = 8  # posts under way to one host, of each kind
LEAVE_WITHIN = 0.4  # seconds that a stop of the process leaves to what still waits


@dataclass(frozen=True, slots=True)
class Policy:
    """How much effort a kind of post is worth."""

    pauses: tuple[float, ...]  # seconds to wait after each attempt but the last
    stale_after: float  # seconds after which a post is not begun any more
    max_posts: int  # that wait for one host
    max_bytes: int  # and what their bodies have together


#: A live event is of use for seconds, and there are many.
EVENTS = Policy(pauses=(0.5, 2.0), stale_after=30.0, max_posts=2000, max_bytes=8 * MIB)
#: A record comes once, and somebody's books may depend on it: eight attempts in about ten minutes.
RECORDS = Policy(
    pauses=(1, 4, 15, 40, 90, 180, 270), stale_after=900.0, max_posts=2000, max_bytes=64 * MIB
)


class Webhook(Protocol):
    """Posts once to an agent's own URL, and raises nothing."""

    async def send(self, post: OwnPost) -> Answer: ...


Sleep = Callable[[float], Awaitable[None]]


class HostQueue:
    """The posts of one kind that wait for one host, by their calls, the oldest call first."""

    def __init__(
        self, host: str, policy: Policy, webhook: Webhook, passed_on: Counter, sleep: Sleep
    ) -> None:
        self._host = host
        self._policy = policy
        self._webhook = webhook
        self._passed_on = passed_on
        self._sleep = sleep
        self._places = asyncio.Semaphore(AT_ONCE)
        self._calls: dict[str, collections.deque[tuple[float, OwnPost]]] = {}
        self._waiting = self._bytes = 0
        self._failures = Episodes()
        self.tasks: set[asyncio.Task[None]] = set()

    def put(self, post: OwnPost) -> None:
        """Have a post passed on, and drop the oldest ones if too many wait."""
        is_new = post.call_id not in self._calls
        self._calls.setdefault(post.call_id, collections.deque()).append((time.monotonic(), post))
        self._waiting += 1
        self._bytes += len(post.body)
        while self._waiting > self._policy.max_posts or self._bytes > self._policy.max_bytes:
            self._drop_oldest()
        if is_new:
            task = asyncio.create_task(self._pass_on_call(post.call_id))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    def drop_all(self) -> int:
        """Drop what still waits, and return how many posts that were."""
        dropped = self._waiting
        self._count("dropped", dropped)
        return dropped

    def _drop_oldest(self) -> None:
        """Drop the post that has waited longest, of the call that has."""
        self._take(next(call_id for call_id, posts in self._calls.items() if posts))
        self._count("dropped")

    def _take(self, call_id: str) -> tuple[float, OwnPost]:
        came_at, post = self._calls[call_id].popleft()
        self._waiting -= 1
        self._bytes -= len(post.body)
        return came_at, post

    async def _pass_on_call(self, call_id: str) -> None:
        """Pass on the posts of a call one after the other, until none is left."""
        try:
            while self._calls[call_id]:
                await self._pass_on(*self._take(call_id))
        finally:
            del self._calls[call_id]

    async def _pass_on(self, came_at: float, post: OwnPost) -> None:
        try:
            for pause in (*self._policy.pauses, None):
                async with self._places:
                    if time.monotonic() - came_at > self._policy.stale_after:
                        self._count("dropped")
                        return
                    answer = await self._webhook.send(post)
                if answer.outcome is Outcome.TAKEN:
                    self._count("passed")
                    return
                self._say(answer)
                if answer.outcome is Outcome.REFUSED or pause is None:
                    break
                self._count("repeated")
                await self._sleep(pause * random.uniform(0.7, 1.3))  # not all calls at once
            self._count("failed")
        except asyncio.CancelledError:
            self._count("dropped")
            raise

    def _count(self, outcome: str, posts: int = 1) -> None:
        self._passed_on.add(posts, outcome)

    def _say(self, answer: Answer) -> None:
        if self._failures.begins(answer.why):
            logger.warning(
                "what SignalWire posts is not passed on to %s: %s", self._host, answer.why
            )


class PassOn:
    """Passes on what comes through ``outgoing``, until its loop ends."""

    def __init__(
        self,
        outgoing: Outgoing,
        open_webhook: Callable[[], contextlib.AbstractAsyncContextManager[Webhook]],
        passed_on: Counter,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._outgoing = outgoing
        self._open_webhook = open_webhook
        self._passed_on = passed_on
        self._sleep = sleep
        self._queues: dict[tuple[str, bool], HostQueue] = {}

    async def run(self) -> None:
        """Pass on until cancelled; then give what still waits LEAVE_WITHIN seconds."""
        arrived: asyncio.Queue[OwnPost] = asyncio.Queue()
        try:
            with self._outgoing.received_by(arrived.put_nowait):
                first = await arrived.get()
                async with self._open_webhook() as webhook:
                    try:
                        self._put(first, webhook)
                        while True:
                            self._put(await arrived.get(), webhook)
                    finally:
                        while not arrived.empty():
                            self._put(arrived.get_nowait(), webhook)
                        await self._leave()
        finally:
            self._passed_on.add(arrived.qsize(), "dropped")

    def _put(self, post: OwnPost, webhook: Webhook) -> None:
        key = post.host, post.is_record
        if key not in self._queues:
            policy = RECORDS if post.is_record else EVENTS
            self._queues[key] = HostQueue(post.host, policy, webhook, self._passed_on, self._sleep)
        self._queues[key].put(post)

    async def _leave(self) -> None:
        tasks = [task for queue in self._queues.values() for task in queue.tasks]
        if tasks:
            await asyncio.wait(tasks, timeout=LEAVE_WITHIN)
        left = [task for task in tasks if not task.done()]
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)
        waiting = sum(queue.drop_all() for queue in self._queues.values())
        if left:
            logger.warning(
                "%s posts were not passed on before the process ended", len(left) + waiting
            )
        self._queues = {}
