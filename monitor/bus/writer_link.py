"""WriterLink: the writer's connection to one server, and the lanes that this server has."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from redis.exceptions import ResponseError

from monitor.bus import ring
from monitor.bus.connection import RedisConnection, open_connection, pack
from monitor.bus.lane_queue import Batch, LaneQueue
from monitor.bus.losses import Losses
from monitor.bus.nodes import Nodes
from monitor.bus.redis import TIMEOUT

BATCH_SIZE = 512  # Frames in one round trip
ASKING = pack("ASKING")

Errors = dict[int, ResponseError]  # by the index of the command


class WriterLink:
    """Sends what waits for the lanes of one node, a batch at a time."""

    def __init__(
        self,
        node: str,
        nodes: Nodes,
        queues: Iterable[LaneQueue],
        losses: Losses,
        wake: Callable[[LaneQueue], None],
        before_sending: Callable[[], Awaitable[None]],
    ) -> None:
        self._node = node
        self._nodes = nodes
        self._queues = queues
        self._losses = losses
        self._wake = wake
        self._before_sending = before_sending
        self._connection: RedisConnection | None = None
        self._connected_at = 0.0  # monotonic seconds, by which rings know the connection

    async def flush(self) -> None:
        """Send until nothing waits any more. Raises Unavailable; what had no answer waits again."""
        while queues := self._waiting():
            connection = self._connection or await self._open()
            await self._flush(connection, queues)

    async def close(self) -> None:
        """Close the connection. The next flush opens another one."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close()

    def _waiting(self) -> list[LaneQueue]:
        """Return the queues of this node in which something waits that can be sent."""
        node_of = self._nodes.node_of
        return [
            one
            for one in self._queues
            if one and not one.is_under_way and node_of(one.lane) == self._node
        ]

    async def _open(self) -> RedisConnection:
        connection = await open_connection(TIMEOUT, self._node)
        try:
            await self._before_sending()
        except BaseException:
            await connection.close()
            raise
        self._connection, self._connected_at = connection, time.monotonic()
        return connection

    async def _flush(self, connection: RedisConnection, queues: list[LaneQueue]) -> None:
        for queue in queues:
            queue.is_under_way = True
        try:
            await self._send_batches(connection, queues)
        finally:
            for queue in queues:
                queue.is_under_way = False
                if queue:
                    self._wake(queue)  # it may be another node's by now

    async def _send_batches(self, connection: RedisConnection, queues: list[LaneQueue]) -> None:
        batches, room = [], BATCH_SIZE
        for queue in queues:
            # A batch that failed waits again, and may have become too old meanwhile.
            queue.drop_late(time.monotonic())
            batches.append(batch := queue.take(room))
            room -= len(batch.frames)
        try:
            await self._find_losses(connection, batches)
            for batch in batches:
                batch.pack(self._connected_at)
            answers = await self._send(connection, batches)
        except BaseException:
            for batch in batches:
                batch.put_back()
            raise
        await self._settle(batches, answers)

    async def _find_losses(self, connection: RedisConnection, batches: list[Batch]) -> None:
        """Count what the server lacks of what was confirmed before this connection was opened.

        A replica that takes the place of its master may not have had the last Frames yet.
        """
        expired = time.monotonic() - ring.KEPT_UNRENEWED
        targets = [
            target
            for batch in batches
            for target in batch.targets_new_to(self._connected_at)
            if target.confirmed >= 0 and target.renewed_at > expired
        ]
        if not targets:
            return
        answers = await connection.call(b"".join(one.newest() for one in targets), len(targets))
        for target, newest in zip(targets, answers, strict=True):
            if not isinstance(newest, ResponseError) and (missing := target.missing(newest)):
                self._losses.lose(target, "not replicated", missing)

    async def _send(self, connection: RedisConnection, batches: list[Batch]) -> list[Any]:
        commands = [command for batch in batches for command in batch.commands]
        return await connection.call(b"".join(commands), len(commands))

    async def _settle(self, batches: list[Batch], answers: list[Any]) -> None:
        """Record what was stored. Follow the keys that have moved to other nodes.

        Raises an error that passes, because the next connection may lead to another server.
        """
        asked: list[tuple[Batch, Errors]] = []
        passing: list[ResponseError] = []
        moved: list[str] = []
        for batch in batches:
            own, answers = answers[: len(batch.commands)], answers[len(batch.commands) :]
            again = batch.settle(range(len(own)), own, self._losses)
            if not again:
                continue
            migrating = {at: one for at, one in again.items() if str(one).startswith("ASK ")}
            others = {at: one for at, one in again.items() if at not in migrating}
            batch.put_back_some(others)
            moved += [str(one) for one in others.values() if str(one).startswith("MOVED ")]
            passing += [one for one in others.values() if not str(one).startswith("MOVED ")]
            if migrating:
                asked.append((batch, migrating))
        await self._ask_all(asked)
        for error in set(moved):
            await self._nodes.move(error)
        if passing:
            raise passing[0]

    async def _ask_all(self, asked: list[tuple[Batch, Errors]]) -> None:
        try:
            while asked:
                batch, errors = asked.pop()
                try:
                    again = await self._ask(batch, errors)
                except BaseException:
                    batch.put_back_some(errors, is_retry=True)
                    raise
                batch.put_back_some(again)
        finally:
            for batch, errors in asked:
                batch.put_back_some(errors)

    async def _ask(self, batch: Batch, errors: Errors) -> Errors:
        """Send commands to the node to which their slot is being moved, because it has their keys
        already; return the errors after which they are to be sent again."""
        node = str(next(iter(errors.values()))).rpartition(" ")[2]
        packed = b"".join(ASKING + batch.commands[at] for at in errors)
        connection = await open_connection(TIMEOUT, node)
        try:
            answers = await connection.call(packed, 2 * len(errors))
        finally:
            await connection.close()
        return batch.settle(tuple(errors), answers[1::2], self._losses)
