"""The lower bound: a bare ``websockets`` relay on uvloop, without Redis, Django or sign-in.

python -m bench.baselines.relay PORT

It decodes, as Earshot does, and broadcasts each message as it comes. It cannot be
spread over several processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections import defaultdict

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

from monitor.audio import g711

_listeners: defaultdict[str, set[ServerConnection]] = defaultdict(set)


async def handle(connection: ServerConnection) -> None:
    """Serve a tap or a listener, as the path says."""
    assert connection.request
    _, kind, name = connection.request.path.split("/")
    if kind == "tap":
        async for message in connection:
            if isinstance(message, bytes):
                broadcast(_listeners[name], g711.decode("PCMU", message))
    else:
        _listeners[name].add(connection)
        with contextlib.suppress(Exception):
            await connection.wait_closed()
        _listeners[name].discard(connection)


async def main(port: int) -> None:
    """Serve until the process ends."""
    async with serve(handle, "127.0.0.1", port, compression=None) as server:
        await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        uvloop.run(main(int(sys.argv[1])))
