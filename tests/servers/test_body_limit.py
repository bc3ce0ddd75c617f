"""Large bodies at real servers: a clear answer, and no memory."""

from __future__ import annotations

import functools
import http.client
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.servers import Server, memory
from tests.support.waiting import PATIENCE

MIB = 1024 * 1024


UVICORN = functools.partial(Server, "uvicorn", "agents.asgi:application")


@pytest.fixture(params=["daphne", "uvicorn"])
def any_server(
    request: pytest.FixtureRequest, _running: Callable[..., Server], agents_server: Server
) -> Server:
    """Each server, with the agents mounted."""
    return agents_server if request.param == "daphne" else _running(UVICORN)


def post(server: Server, path: str, mib: int, *, chunked: bool = False) -> tuple[int, bytes]:
    """Send so much, then read the answer: its status and text."""
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    pieces = (b"x" * MIB for _ in range(mib))
    headers = {} if chunked else {"Content-Length": str(mib * MIB)}
    client.request("POST", path, pieces, headers, encode_chunked=chunked)
    answer = client.getresponse()
    status, text = answer.status, answer.read()
    client.close()
    return status, text


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/tap/token/status", 64 * 1024),
        ("/login", 3 * MIB),
        ("/agents/receptionist/swaig", 10 * MIB),
    ],
)
def test_a_body_that_is_too_large_is_answered_413(
    any_server: Server, path: str, limit: int, chunked: bool
) -> None:
    status, text = post(any_server, path, 12, chunked=chunked)
    assert status == 413
    assert text == f"The body of this request may have up to {limit} bytes.\n".encode()


def test_an_agent_takes_what_others_do_not(any_server: Server) -> None:
    assert post(any_server, "/agents/receptionist/swaig", 4)[0] in (401, 403)
    assert post(any_server, "/login", 4)[0] == 413


def post_too_much(server: Server, mib: int) -> None:
    """Send so much to an agent, and to a page, with its length and without."""
    for chunked in (False, True):
        post(server, "/agents/receptionist/swaig", mib, chunked=chunked)
        post(server, "/login", mib, chunked=chunked)


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="no /proc here")
def test_memory_stays_flat(any_server: Server) -> None:
    """No body of 100 MiB is kept.

    An agent takes 10 MiB, and the allocator keeps their room: once for each thread that has had
    such a body, and the threads of a server take turns.
    """
    post_too_much(any_server, 12)
    before = memory(any_server.process.pid)
    post_too_much(any_server, 100)
    assert memory(any_server.process.pid) - before < 50 * MIB
