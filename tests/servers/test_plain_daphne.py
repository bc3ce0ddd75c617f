"""What Daphne's own server keeps of ours, where a name is missing that ours needs."""

from __future__ import annotations

import contextlib
import http.client
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websockets
from websockets.sync.client import connect

from monitor.servers.descriptors import DescriptorLimit
from monitor.servers.plain_daphne import PlainDaphne, allowed
from tests.support.renamed_server import Renamed
from tests.support.stopping import EXIT_WITHIN
from tests.support.waiting import PATIENCE, block_until


@pytest.fixture
def access_log(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


@pytest.fixture
def server(access_log: Path) -> Iterator[Renamed]:
    arguments = ("--access-log", str(access_log), "--proxy-headers")
    app = "tests.support.plain:application"
    with Renamed("daphne", "twisted", "writeSomeData", app, *arguments) as started:
        yield started


def get(server: Renamed, path: str, **headers: str) -> http.client.HTTPConnection:
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    client.request("GET", path, headers=headers)
    return client


def read(client: http.client.HTTPConnection) -> tuple[int, bytes]:
    with contextlib.closing(client):
        answer = client.getresponse()
        return answer.status, answer.read()


def test_requests_and_the_log_are_as_with_our_server(server: Renamed, access_log: Path) -> None:
    forged = {"Daphne-Root-Path": "/elsewhere", "X-Forwarded-For": "192.0.2.1"}
    assert read(get(server, "/", **forged)) == (200, b"root ''")
    assert read(get(server, "/client", **forged)) == (200, b"127.0.0.1")
    read(get(server, "/tap/secret/status"))
    assert '"GET /tap/…/status" 200' in access_log.read_text()
    assert "secret" not in access_log.read_text()
    assert "--proxy-headers is not used" in server.said()
    assert "4003 to 4013 instead of 1003 to 1013" in server.said()


def test_a_message_longer_than_a_client_may_send_is_sent(server: Renamed) -> None:
    with connect(f"{server.ws_url}/long", max_size=None) as page:
        assert page.recv(PATIENCE) == "l" * 1024 * 1024


def test_a_stop_answers_requests_and_tells_every_socket_to_come_back(server: Renamed) -> None:
    slow = get(server, "/slow")
    kept = get(server, "/")
    kept.getresponse().read()
    with connect(f"{server.ws_url}/stop") as page:
        block_until(lambda: "/slow http.request" in server.said())
        began = time.monotonic()
        server.process.terminate()
        with pytest.raises(websockets.ConnectionClosed) as closed:
            page.recv(PATIENCE)
        assert closed.value.rcvd
        assert closed.value.rcvd.code == 4012
    kept.request("GET", "/")
    assert read(kept)[0] == 503
    assert read(slow)[0] == 200
    assert server.stop() == 0
    assert time.monotonic() - began < EXIT_WITHIN
    assert "lifespan.shutdown" in server.said()


@pytest.mark.parametrize(
    ("code", "sent"), [(1000, 1000), (1003, 4003), (1013, 4013), (3000, 3000), (4408, 4408)]
)
def test_a_close_code_that_autobahn_refuses_becomes_a_private_one(code: int, sent: int) -> None:
    message = {"type": "websocket.close", "code": code}
    assert allowed(message) == {**message, "code": sent}


def test_other_messages_are_sent_as_they_are() -> None:
    assert allowed({"type": "websocket.send", "bytes": b"x"}) == {
        "type": "websocket.send",
        "bytes": b"x",
    }


async def test_requests_are_turned_away_at_the_file_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unused(*_: Any) -> None:
        raise AssertionError("the application was called")

    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    monkeypatch.setattr(DescriptorLimit, "admits_next", lambda *_: False)
    await PlainDaphne(unused, "")({"type": "http"}, unused, send)
    assert sent[0]["status"] == 503
