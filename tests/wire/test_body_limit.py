"""A request's body that is larger than its route allows is refused."""

from __future__ import annotations

from typing import Any

import pytest

from agents.mounts import BODY_LIMIT
from monitor.web.webhooks import STATUS_LIMIT
from monitor.wire.body_limit import DEFAULT, MIB, BodyLimit, BodyLimits

PATH = "/tap/token/status"
LIMITS = BodyLimits((STATUS_LIMIT, BODY_LIMIT))
AGENTS, STATUS = 10 * MIB, 64 * 1024


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        (PATH, STATUS),
        ("/agents/receptionist", AGENTS),
        ("/agents/receptionist/swaig", AGENTS),
        ("/agents/two\nlines", AGENTS),
        *((path, DEFAULT) for path in ("/login", "/", "", "/agents")),
        *((path, DEFAULT) for path in ("/tap/a/b/status", f"{PATH}/", "/tap//status")),
    ],
)
def test_every_route_has_a_limit(path: str, limit: int) -> None:
    assert LIMITS.limit_for(path) == limit


def test_an_application_that_names_no_paths_has_the_default_limit() -> None:
    assert BodyLimits().limit_for(PATH) == DEFAULT


class Client:
    """A client that sends its request in pieces, and keeps the answer."""

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
        await BodyLimit(app, LIMITS)(self.scope, self.receive, self.send)


class App:
    """An application that reads the body, or as much as its client sends, and answers 200."""

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
async def test_a_body_declared_too_large_is_refused_unread(length: bytes) -> None:
    app, client = App(), Client(1, length=length)
    await client.ask(app)
    assert client.statuses == [413]
    assert client.text == b"The body of this request may have up to 65536 bytes.\n"
    assert not app.called
    assert client.pieces == [1]


@pytest.mark.parametrize("length", [None, b"10", b"x", b"-1"])
async def test_a_body_of_unknown_length_is_counted(length: bytes | None) -> None:
    app, client = App(), Client(STATUS, 1, MIB, length=length)
    await client.ask(app)
    assert client.statuses == [413]
    assert app.taken == STATUS
    assert client.pieces == [MIB]  # not asked for


async def test_an_application_that_fails_on_a_cut_body_leaves_no_traceback() -> None:
    client = Client(STATUS, 1)
    await client.ask(App(ConnectionError("the client has left")))
    assert client.statuses == [413]


async def test_other_errors_of_an_application_are_raised() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Client(1).ask(broken)


async def test_an_answer_begun_before_the_limit_is_kept() -> None:
    async def hasty(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})
        while (await receive())["type"] != "http.disconnect":
            pass
        await send({"type": "http.response.body", "body": b"done"})

    client = Client(STATUS, 1)
    await client.ask(hasty)
    assert (client.statuses, client.text) == ([200], b"done")


async def test_websockets_have_no_body_limit() -> None:
    seen: list[Any] = []

    async def app(*given: Any) -> None:
        seen.extend(given)

    client = Client()
    await BodyLimit(app, LIMITS)({"type": "websocket"}, client.receive, client.send)
    assert seen == [{"type": "websocket"}, client.receive, client.send]
