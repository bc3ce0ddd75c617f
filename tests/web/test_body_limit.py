"""Which bodies are too large, and what becomes of them."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.body_limit import AGENTS, MIB, OTHERS, STATUS, BodyLimit, limit_for

PATH = "/tap/token/status"


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        (PATH, STATUS),
        ("/agents/receptionist", AGENTS),
        ("/agents/receptionist/swaig", AGENTS),
        *(("/login", OTHERS), ("/", OTHERS), ("", OTHERS), ("/agents", OTHERS)),
        *(("/tap/a/b/status", OTHERS), ("/tap/token/status/", OTHERS), ("/tap//status", OTHERS)),
    ],
)
def test_every_route_has_a_limit(path: str, limit: int) -> None:
    assert limit_for(path) == limit


class Client:
    """A request that comes in pieces, and what it is answered."""

    def __init__(self, *pieces: int, length: bytes | None = None) -> None:
        self.pieces = list(pieces)
        self.statuses: list[int] = []
        self.text = b""
        headers = [] if length is None else [(b"content-length", length)]
        self.scope = {"type": "http", "path": PATH, "headers": headers}

    async def receive(self) -> dict[str, Any]:
        size = self.pieces.pop(0)
        return {"type": "http.request", "body": b"x" * size, "more_body": bool(self.pieces)}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.statuses.append(message["status"])
        self.text += message.get("body", b"")

    async def ask(self, app: Any) -> None:
        await BodyLimit(app)(self.scope, self.receive, self.send)


class App:
    """Reads the whole body, or all until its client leaves, and answers 200 in any case."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error  # raised for a client that leaves
        self.taken = 0
        self.called = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.called, more = True, True
        while more:
            message = await receive()
            self.taken += len(message.get("body", b""))
            more = message.get("more_body", False)
        if message["type"] == "http.disconnect" and self.error:
            raise self.error
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"done"})


async def test_a_body_up_to_the_limit_is_taken() -> None:
    app, client = App(), Client(STATUS - 1, 1, length=b"65536")
    await client.ask(app)
    assert (client.statuses, client.text, app.taken) == ([200], b"done", STATUS)


@pytest.mark.parametrize("length", [b"65537", b"300000000", b"9" * 5000])
async def test_one_that_says_it_is_too_large_is_refused_unread(length: bytes) -> None:
    app, client = App(), Client(1, length=length)
    await client.ask(app)
    assert client.statuses == [413]
    assert client.text == b"The body of this request may have up to 65536 bytes.\n"
    assert not app.called
    assert client.pieces == [1]


@pytest.mark.parametrize("length", [None, b"10", b"x", b"-1"])
async def test_one_of_unknown_length_is_counted(length: bytes | None) -> None:
    app, client = App(), Client(STATUS, 1, MIB, length=length)
    await client.ask(app)
    assert client.statuses == [413]
    assert app.taken == STATUS
    assert client.pieces == [MIB]  # not asked for


async def test_an_application_that_trips_over_the_cut_leaves_no_traceback() -> None:
    client = Client(STATUS, 1)
    await client.ask(App(ConnectionError("the client has left")))
    assert client.statuses == [413]


async def test_its_own_errors_are_the_servers_to_tell() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Client(1).ask(broken)


async def test_what_was_answered_before_the_limit_stays_the_answer() -> None:
    async def hasty(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})
        while (await receive())["type"] != "http.disconnect":
            pass
        await send({"type": "http.response.body", "body": b"done"})

    client = Client(STATUS, 1)
    await client.ask(hasty)
    assert (client.statuses, client.text) == ([200], b"done")


async def test_sockets_pass_it_by() -> None:
    seen: list[Any] = []

    async def app(*given: Any) -> None:
        seen.extend(given)

    client = Client()
    await BodyLimit(app)({"type": "websocket"}, client.receive, client.send)
    assert seen == [{"type": "websocket"}, client.receive, client.send]
