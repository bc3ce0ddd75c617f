"""No line of a server's log has the secret half of a token, however its URL is asked for, nor
the key of a session."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
from collections.abc import Iterator

import pytest
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.models import User

from monitor.services import event_urls
from monitor.services.taps import OpenedTap
from tests.support.handshakes import answer, connected
from tests.support.servers import Server, cookie
from tests.support.status import body, path_of, signature
from tests.support.talk import message_of, open_tap, payload, refusal
from tests.support.words import AGENT, heard

LOGIN = f"{settings.SWML_BASIC_AUTH_USER}:{settings.SWML_BASIC_AUTH_PASSWORD}"
AUTHORIZATION = f"Basic {base64.b64encode(LOGIN.encode()).decode()}"
OWN_URL = "http://own:the-owners-password@127.0.0.1:9/hook"


def paths(opened: OpenedTap) -> list[str]:
    """Return the paths of all URLs that SignalWire is given."""
    media = "/tap/" + opened.uri.rpartition("/")[2]
    calls = [f"/calls/{event_urls.make('events', AGENT, url)}/events" for url in ("", OWN_URL)]
    return [media, path_of(opened.status_url), *calls]


def spoiled(path: str) -> Iterator[bytes]:
    """Yield requests for a path, and handshakes, that no server takes as they are."""
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    for start, headers in (
        (f"GET {path} HTTP/1.1", f"Host: here\r\n{upgrade}"),
        (f"GET {path} HTTP/1.1", "Host: evil.example\r\nConnection: close\r\n"),
        (f"POST {path} HTTP/1.1", "Host: here\r\nContent-Length: x\r\n"),
        (f"GET {path}? HTTP/9.9", "Host: here\r\nConnection: close\r\n"),
        (f"GET {path}\x01 HTTP/1.1", "Host: here\r\nConnection: close\r\n"),
        (f"NO SUCH THING {path}", "Host: here\r\nConnection: close\r\n"),
    ):
        yield f"{start}\r\n{headers}\r\n".encode()


def post(server: Server, path: str, raw: bytes, **headers: str) -> int:
    """Post a body, and return the status of the answer."""
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    client.request("POST", path, raw, {"Content-Type": "application/json", **given})
    answered = client.getresponse().status
    client.close()
    return answered


def ask(server: Server, opened: OpenedTap) -> None:
    """Ask for each URL in ways that are right, refused, and none."""
    raw = json.dumps(body(opened)).encode()
    good = signature(server.http_url(opened.status_url), raw)
    _, status, events, own = paths(opened)
    assert post(server, status, raw, X_SignalWire_Signature=good) == 200
    assert post(server, status, raw, X_SignalWire_Signature="wrong") == 403
    said = json.dumps(heard("Hello.")).encode()
    for path in (events, own):
        assert post(server, path, said, Authorization=AUTHORIZATION) == 200
        assert post(server, path, b"{", Authorization=AUTHORIZATION) == 400
        assert post(server, path, said) == 401
    for path in paths(opened):
        for request in spoiled(path):
            with connected(server, request) as peer:
                peer.settimeout(1)
                try:
                    answer(peer)
                except TimeoutError:
                    continue


#: How each server is told to log all that it can.
DETAILS = {"daphne": ("-v", "3"), "uvicorn": ("--log-level", "trace")}


@pytest.mark.parametrize("kind", DETAILS)
async def test_no_log_line_has_the_secret_of_a_token(
    transactional_db: None, alice: User, kind: str
) -> None:
    opened = await open_tap()
    session = await database_sync_to_async(cookie)(alice)
    secrets = [path.split("/")[2].rpartition(".")[2] for path in paths(opened)]
    secrets += [paths(opened)[-1].split(".")[1], session.partition("=")[2], "the-owners-password"]
    app = "monitor.asgi:application"
    # At this level websockets logs why it refused a handshake with a traceback.
    allowed = "Traceback" if kind == "uvicorn" else ""
    with Server(kind, app, *DETAILS[kind], allowed=allowed, LOG_LEVEL="DEBUG") as server:
        async with server.with_cookie("/console", session) as page:
            await message_of(page, "snapshot")
        async with server.tap(opened.uri) as sender:
            await sender.send(payload(1))
            assert await refusal(server.tap(opened.uri)) == 403  # another socket holds it
        wrong = opened.uri[:-1] + ("A" if opened.uri[-1] != "A" else "B")
        assert await refusal(server.tap(wrong)) == 403
        await asyncio.to_thread(ask, server, opened)
    said = server.said()
    assert "/tap/…" in said
    assert "/calls/…" in said
    assert [secret for secret in secrets if secret[:20] in said] == []
