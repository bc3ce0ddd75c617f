"""New connections are served a few in each turn of the event loop, in their order."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import uvloop

from monitor.servers import daphne_server
from monitor.servers.daphne_server import Server
from monitor.servers.newcomers import AT_ONCE, Newcomers


class Connection:
    """A transport that knows whether it is read and served."""

    def __init__(self) -> None:
        self.is_read = True
        self.is_gone = self.is_served = False

    def is_closing(self) -> bool:
        return self.is_gone

    def pause_reading(self) -> None:
        self.is_read = False

    def resume_reading(self) -> None:
        self.is_read = True

    def serve(self) -> None:
        assert self.is_read
        self.is_served = True


def come(newcomers: Newcomers, count: int) -> list[Any]:
    connections: list[Any] = [Connection() for _ in range(count)]
    for one in connections:
        newcomers.add(one, one.serve)
    return connections


def served(connections: list[Any]) -> int:
    """Return how many are served, and check that nobody overtakes anybody and that no others are
    read."""
    found = [one.is_served for one in connections]
    assert found == sorted(found, reverse=True)
    assert found == [one.is_read for one in connections]
    return sum(found)


async def test_each_turn_has_a_few_more_until_all_are_served() -> None:
    connections = come(Newcomers(), 2 * AT_ONCE + 1)
    counts = [served(connections)]
    for _ in range(3):
        await asyncio.sleep(0)
        counts.append(served(connections))
    assert counts == [AT_ONCE, 2 * AT_ONCE, 2 * AT_ONCE + 1, 2 * AT_ONCE + 1]


async def test_who_comes_later_waits_behind_those_who_wait() -> None:
    newcomers = Newcomers()
    first = come(newcomers, 3 * AT_ONCE)
    await asyncio.sleep(0)
    last = come(newcomers, 1)
    assert served([*first, *last]) == 2 * AT_ONCE
    for _ in range(3):
        await asyncio.sleep(0)
    assert served([*first, *last]) == 3 * AT_ONCE + 1


async def test_who_comes_after_a_pause_is_served_at_once() -> None:
    newcomers = Newcomers()
    come(newcomers, AT_ONCE)
    for _ in range(2):
        await asyncio.sleep(0)
    assert served(come(newcomers, AT_ONCE)) == AT_ONCE


async def test_one_that_has_left_meanwhile_is_not_served() -> None:
    connections = come(Newcomers(), AT_ONCE + 1)
    connections[-1].is_gone = True
    await asyncio.sleep(0)
    assert served(connections) == AT_ONCE


class Answering(asyncio.Protocol):
    """A connection of a server that paces those who come."""

    newcomers = Newcomers()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.newcomers.add(self.transport, self._answer)

    def _answer(self) -> None:
        self.transport.write(b"!")


def test_all_are_served_on_uvloop() -> None:
    async def talk() -> list[bytes]:
        server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await asyncio.gather(*(_answer_of(port) for _ in range(5 * AT_ONCE)))

    assert uvloop.run(talk()) == [b"!"] * (5 * AT_ONCE)


async def _answer_of(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"?")
    answer = await reader.readexactly(1)
    writer.close()
    return answer


async def test_daphne_accepts_no_more_in_a_turn_however_many_came_in_the_last() -> None:
    server = Server.__new__(Server)
    server.http_factory = SimpleNamespace(buildProtocol=lambda address: address)
    port = SimpleNamespace()
    server._ports = [port]
    server._pace_newcomers()
    server._begin_turn()
    assert server.http_factory.buildProtocol("192.0.2.7") == "192.0.2.7"
    port.numberAccepts += 20  # as Twisted does after a turn in which it accepted as many as it may
    await asyncio.sleep(0)
    assert port.numberAccepts == daphne_server.AT_ONCE
