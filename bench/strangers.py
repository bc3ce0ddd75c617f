"""Measures whether strangers disturb live taps: ``python -m bench.strangers``.

TAPS taps with a listener each are heard, first by themselves, then beside strangers who have no
right to anything: connections on which nothing is asked, requests that come a byte a second, and
handshakes that are refused. Both servers are measured, each alone on its core.
"""

from __future__ import annotations

import contextlib
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator

from bench import rows, state
from bench.plan import Stage
from bench.testbed import Testbed
from bench.wire import handshake

TAPS = 20  # with a listener each
CHUNK = 60  # ms
IDLE = 1000  # connections
SLOW = 200  # connections, each of which sends a byte a second
FLOOD = 100  # handshakes a second
GOAL = 20.0  # ms by which the p99 of the delay may move
STAGES = [
    Stage("without", TAPS, TAPS, settle=2, measure=10),
    Stage("with", TAPS, TAPS, settle=5, measure=10),
]
STARTS_WITHIN = 60.0  # seconds
HEAD = b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "

Strangers = Callable[[int, threading.Event], None]


def idle(port: int, over: threading.Event) -> None:
    """Hold connections on which nothing is asked."""
    with contextlib.ExitStack() as stack:
        for _ in range(IDLE):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        over.wait()


def slow(port: int, over: threading.Event) -> None:
    """Send requests a byte a second, which never end. Whoever is dropped comes again."""
    peers: list[socket.socket] = []
    while not over.wait(1):
        while len(peers) < SLOW:
            peers.append(socket.create_connection(("127.0.0.1", port)))
            peers[-1].sendall(HEAD)
        for peer in list(peers):
            try:
                peer.sendall(b"x")
            except OSError:
                peers.remove(peer)
                peer.close()
    for peer in peers:
        peer.close()


def flood(port: int, over: threading.Event) -> None:
    """Ask for taps with tokens that nobody made."""
    while not over.wait(1 / FLOOD):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as peer:
            peer.sendall(handshake(port, "/tap/nobody.made.this"))
            peer.settimeout(1)
            peer.recv(4096)


KINDS: dict[str, Strangers] = {
    f"{IDLE} connections on which nothing is asked": idle,
    f"{SLOW} requests that come a byte a second": slow,
    f"{FLOOD} refused handshakes a second": flood,
}


@contextlib.contextmanager
def beside(kind: Strangers, port: int) -> Iterator[None]:
    """Have strangers come while the block runs."""
    over = threading.Event()
    thread = threading.Thread(target=kind, args=(port, over))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def measure(testbed: Testbed, server: str, name: str) -> str:
    """Return the line of a table that says what strangers do to listeners."""
    settings = {"CHUNK_MS": str(CHUNK)}
    with rows.loaded(testbed, rows.named(server), STAGES, settings, 16) as running:
        running.load.window("without", STARTS_WITHIN)
        time.sleep(STAGES[0].measure)
        with beside(KINDS[name], testbed.port):
            readings = running.load.result(STARTS_WITHIN)
    if readings.failure:
        raise rows.Failed(f"{readings.failure}\n{running.server.log_tail()}")
    alone, crowded = readings.stages
    lost = sum(one.lost + one.gone for one in readings.stages) + readings.never_came
    moved = crowded.p99_ms - alone.p99_ms
    verdict = "reached" if moved < GOAL and not lost else "not reached"
    return (
        f"{server}, {name}: p99 {alone.p99_ms:.1f} ms alone, {crowded.p99_ms:.1f} beside them, "
        f"moved {moved:+.1f} ms, {lost} lost, target < {GOAL:.0f} ms and 0: {verdict}"
    )


def main() -> None:
    """Print a line for each server and kind of strangers."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with Testbed() as testbed:
        state.prepare()
        for server in ("earshot-daphne", "earshot-uvicorn"):
            for name in KINDS:
                print(measure(testbed, server, name), flush=True)


if __name__ == "__main__":
    main()
