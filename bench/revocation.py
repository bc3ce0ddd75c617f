"""Measures how soon one who loses the right hears nothing more: ``python -m bench.revocation``.

Two servers share a database and Redis. A tap sends to the one, and two sockets of a user hear it at
the other: one that reads, and one that never does. The right is taken at the first server's pages
or in its admin, by a command in a process of its own, or by a third process, as other code does it.
All is timed by one clock, from the moment at which that is asked for: a command starts first, and
a password is hashed first.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import os
import signal
import socket
import time

import websockets

from bench import rows, state
from bench.lost_rights import CAUSES, Cause, Ear, administrator, deactivate, make_ear, shorten
from bench.testbed import Server, Testbed, free_port, take_the_machine
from bench.wire import handshake
from monitor.wire.frame import sample_count, unpack_header

UNIT = 0.02  # seconds of audio in a message of the sender
ACK_EVERY = 1.0  # seconds
WITHIN = 40.0  # seconds, after which a socket counts as not closed


async def send(port: int, path: str) -> None:
    """Send audio to the tap in real time, until cancelled."""
    async with websockets.connect(f"ws://127.0.0.1:{port}{path}") as tap:
        began, sent = time.monotonic(), 0
        while True:
            await tap.send(bytes([0xD5, 0x55]) * 80)
            sent += 1
            await asyncio.sleep(max(0.0, began + sent * UNIT - time.monotonic()))


async def hear(port: int, tap: str, ear: Ear) -> tuple[float, float, int]:
    """Read until the socket is closed: return when audio and the close came, and its code."""
    last, heard = 0.0, 0
    async with websockets.connect(
        f"ws://127.0.0.1:{port}/listen/{tap}",
        additional_headers={"Cookie": ear.cookie},
        origin=f"http://127.0.0.1:{port}",  # type: ignore[arg-type]
    ) as page:

        async def acknowledge() -> None:
            """Say what was heard as pages do it, or the socket would be closed for being slow."""
            while True:
                await asyncio.sleep(ACK_EVERY)
                await page.send(json.dumps({"type": "ack", "position": heard}))

        acks = asyncio.create_task(acknowledge())
        with contextlib.suppress(websockets.ConnectionClosed):
            async for message in page:
                if isinstance(message, bytes):
                    last = time.time()
                    heard = unpack_header(message).position + sample_count(message)
        closed = time.time()
        acks.cancel()
        await asyncio.gather(acks, return_exceptions=True)
        return last, closed, page.close_code or 0


def deaf(port: int, tap: str, ear: Ear) -> socket.socket:
    """Open a socket that hears the tap, and read nothing from it."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(handshake(port, f"/listen/{tap}", ear.cookie))
    return connection


async def measure(send_port: int, hear_port: int, name: str, cause: Cause | None) -> str:
    """Return a row of the table: how soon the two sockets of a user were closed. Without a cause,
    their session reaches its age."""
    from channels.db import database_sync_to_async as in_thread

    from monitor.models import ListenSession

    ear = await in_thread(make_ear)(send_port)
    ends_at = 0.0 if cause else await in_thread(shorten)(ear)
    (path,), (tap,) = await in_thread(state.open_taps)(1)
    sender = asyncio.create_task(send(send_port, path))
    await asyncio.sleep(0.5)
    connection = await asyncio.to_thread(deaf, hear_port, tap, ear)
    reading = asyncio.create_task(hear(hear_port, tap, ear))
    sessions = ListenSession.objects.filter(tap_id=tap)
    while await in_thread(sessions.count)() < 2:
        await asyncio.sleep(0.05)
    await asyncio.sleep(1.0)
    if cause:
        began = time.time()
        await in_thread(cause)(ear)
        asked = time.time()
    else:
        began = asked = ends_at
    last, closed, code = await asyncio.wait_for(reading, WITHIN)
    while await in_thread(sessions.filter(ended_at=None).count)():
        assert time.time() < began + WITHIN, "a socket was not closed"
        await asyncio.sleep(0.02)
    ended = max([one.ended_at.timestamp() async for one in sessions if one.ended_at])
    sender.cancel()
    connection.close()
    figures = (asked - began, last - began, closed - began, ended - began)
    return f"| {name} | {code} | " + " | ".join(f"{one * 1000:.0f}" for one in figures) + " |"


HEADING = """| cause | code | the request took | last audio | closed | both rows ended |
|---|---|---|---|---|---|"""


async def measure_all(send_port: int, hear_port: int, redis_pid: int) -> None:
    """Print the table of one kind of server."""

    def without_redis(ear: Ear) -> None:
        os.kill(redis_pid, signal.SIGSTOP)
        deactivate(ear)

    await asyncio.to_thread(administrator, send_port)
    print(HEADING)
    for name, cause in CAUSES.items():
        print(await measure(send_port, hear_port, name, cause), flush=True)
    print(await measure(send_port, hear_port, "age of the session", None), flush=True)
    try:
        last = await measure(send_port, hear_port, "deactivation, Redis stopped", without_redis)
    finally:
        os.kill(redis_pid, signal.SIGCONT)
    print(last, flush=True)


def main() -> None:
    """Measure each cause with both servers."""
    with Testbed() as here:
        take_the_machine()
        there = copy.copy(here)
        there.port = free_port()
        state.prepare()
        state.collect_static()
        from monitor.models import Agent, Team

        team = Team.objects.create(name="bench")
        Agent.objects.create(name="bench 0", team=team)
        os.environ["ALLOWED_ORIGINS"] = f"http://127.0.0.1:{there.port}"
        for name in rows.SERVERS:
            command = rows.named(name).command
            with Server(here, command), Server(there, command):
                print(f"\n{name}, milliseconds\n")
                asyncio.run(measure_all(here.port, there.port, here.redis_pid))


if __name__ == "__main__":
    main()
