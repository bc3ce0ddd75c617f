"""Links: a loop for each server that holds streams, as servers come and go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Literal

from monitor.bus.nodes import Nodes
from monitor.bus.reconnect import Reconnect
from monitor.bus.redis import Unavailable, describe
from monitor.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)

#: Seconds after which the nodes are asked which of them has what, though all is well: it takes some
#: milliseconds, in which no socket is served.
LOOK_EVERY = 30.0

#: Serves one node until its connection breaks, and tells the Reconnect of every success.
Serve = Callable[[str, Reconnect], Awaitable[None]]


class Links:
    """Runs ``serve`` for each node, again whenever it raises Unavailable."""

    def __init__(
        self, nodes: Nodes, serve: Serve, metrics: Metrics, side: Literal["read", "write"]
    ) -> None:
        self._nodes = nodes
        self._serve = serve
        self._metrics = metrics
        self._side: Literal["read", "write"] = side
        self._group: asyncio.TaskGroup | None = None
        self._served: set[str] = set()
        nodes.on_change = self.start
        self.breaks = 0  # of connections

    async def run(self) -> None:
        """Serve all nodes until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._group:
                while True:
                    await self._find_nodes()
                    await asyncio.sleep(LOOK_EVERY)
        finally:
            self._group = None
            self._served.clear()

    def start(self) -> None:
        """Serve the nodes that are not served yet."""
        if self._group is None:
            return
        for node in self._nodes.names - self._served:
            self._served.add(node)
            self._group.create_task(self._follow(node))

    async def _find_nodes(self) -> None:
        reconnect = self._new_reconnect()
        while True:
            try:
                await self._nodes.refresh()
            except Unavailable as error:
                await self._pause(reconnect, error)
            else:
                return

    async def _follow(self, node: str) -> None:
        """Serve a node until it leaves the cluster."""
        reconnect = self._new_reconnect()
        try:
            while node in self._nodes.names:
                try:
                    await self._serve(node, reconnect)
                except Unavailable as error:
                    await self._pause(reconnect, error)
                    await self._look_again()
        finally:
            self._served.discard(node)

    async def _look_again(self) -> None:
        """Find out which node has what now, if any of them tells."""
        try:
            await self._nodes.refresh()
        except Unavailable as error:
            logger.warning("the nodes of Redis are not known: %s", describe(error))

    async def _pause(self, reconnect: Reconnect, error: Exception) -> None:
        self.breaks += 1
        await reconnect.after(error)

    def _new_reconnect(self) -> Reconnect:
        return Reconnect(self._metrics, self._side)
