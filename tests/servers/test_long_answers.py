"""A long answer whose client does not read it."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from django.contrib.auth.models import User

from monitor.models import Call, Tap
from tests.support.servers import Server, cookie, memory

MIB = 1024 * 1024
CLIENTS = 3
ROWS = 20_000
ROW = 600  # bytes of one in the file, at least


def processor_time(pid: int) -> int:
    """Clock ticks that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def wait_until_idle(pid: int) -> None:
    """Wait until a process has had nothing to do for half a second."""
    used, since = processor_time(pid), time.monotonic()
    while time.monotonic() - since < 0.5:
        time.sleep(0.05)
        # A server at rest still keeps its time: two ticks of 10 ms in half a second.
        if processor_time(pid) - used > 2:
            used, since = processor_time(pid), time.monotonic()


def make_history() -> None:
    call = Call.objects.create(call_id="call-1", caller_name="c" * 100)
    Tap.objects.bulk_create(
        Tap(
            call=call,
            control_id=f"tap-{n}",
            state="finished",
            end_reason="e" * 200,
            reason="r" * 200,
        )
        for n in range(ROWS)
    )


def ask_for_export(server: Server, session: str) -> socket.socket:
    """A client that has asked for the export, and has read one byte of it."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    client.connect(("127.0.0.1", server.port))
    client.sendall(
        f"GET /admin/monitor/tap/export.csv HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        f"Cookie: {session}\r\nConnection: close\r\n\r\n".encode()
    )
    client.recv(1)
    return client


def read_all(client: socket.socket) -> int:
    read = 0
    with client:
        while part := client.recv(256 * 1024):
            read += len(part)
    return read


def test_exports_that_nobody_reads_are_not_kept_in_memory(server: Server, bob: User) -> None:
    make_history()
    session = cookie(bob)
    # The first export loads the admin, which stays.
    whole = read_all(ask_for_export(server, session))
    assert whole > ROWS * ROW
    before = memory(server.process.pid)
    clients = [ask_for_export(server, session) for _ in range(CLIENTS)]
    wait_until_idle(server.process.pid)
    grown = memory(server.process.pid) - before
    assert [read_all(client) for client in clients] == [whole] * CLIENTS  # nothing is lost by it
    assert grown < CLIENTS * 6 * MIB  # a page of rows each, and what it was made of
