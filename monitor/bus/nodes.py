"""Nodes: the servers that hold the streams, and which of them has which lane.

A lane is what one server is sure to hold together. A cluster has one for each hash tag: all taps
of a lane, or the events. One server has everything, which then is a single lane.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from redis.cluster import PRIMARY
from redis.crc import key_slot
from redis.exceptions import MovedError

from monitor.bus.redis import DISCOVERY_TIMEOUT, TIMEOUT, new_async_cluster, redis_address
from monitor.wire.redis_address import RedisAddress


def _nothing() -> None:
    """Do nothing after the nodes have changed."""


class OneServer:
    """One server, or whichever server the Sentinels call the master."""

    name = ""  # new_connection finds it
    can_block = True  # one XREAD names all streams, so it can wait for an entry

    def __init__(self) -> None:
        self.names = {self.name}
        self.on_change: Callable[[], None] = _nothing

    def lane_of(self, key: str) -> int:
        """Return the lane of a key."""
        return 0

    def node_of(self, lane: int) -> str:
        """Return the node that has a lane."""
        return self.name

    async def refresh(self) -> None:
        """Find out again which node has which lane."""
        self.on_change()

    async def move(self, error: str) -> None:
        """Follow a redirection, which one server does not answer."""

    async def close(self) -> None:
        """Close the connections that are used for that."""


class Cluster:
    """A cluster, of which redis-py finds out which node has which slot."""

    can_block = False  # an XREAD that waits for one lane would hold up the others

    def __init__(self, address: RedisAddress) -> None:
        self._map = new_async_cluster(address, DISCOVERY_TIMEOUT).nodes_manager
        self.names: set[str] = set()  # "host:port" of the nodes that have lanes
        self.on_change: Callable[[], None] = _nothing

    def lane_of(self, key: str) -> int:
        """Return the lane of a key: its hash slot."""
        return key_slot(key.encode())

    def node_of(self, lane: int) -> str:
        """Return the node that has a lane, or "" if none has it now."""
        nodes = self._map.slots_cache.get(lane)
        return nodes[0].name if nodes else ""

    async def refresh(self) -> None:
        """Find out again which node has which lane. Raises bus.Unavailable."""
        async with asyncio.timeout(TIMEOUT):
            await self._map.initialize()
        self._note()

    async def move(self, error: str) -> None:
        """Follow a redirection: ``MOVED <slot> <host>:<port>``."""
        await self._map.move_slot(MovedError(error.partition(" ")[2]))
        self._note()

    def _note(self) -> None:
        self.names = {node.name for node in self._map.get_nodes_by_server_type(PRIMARY)}
        self.on_change()

    async def close(self) -> None:
        """Close the connections that are used for that."""
        await self._map.aclose()
        await self._map.aclose("startup_nodes")


Nodes = OneServer | Cluster


def new_nodes() -> Nodes:
    """Return the nodes that REDIS_URL names. Raises NotConfigured."""
    address = redis_address()
    return Cluster(address) if address.kind == "cluster" else OneServer()
