"""Two workers behind nginx, with the configuration that ``deploy/`` has."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import websockets
from channels.db import database_sync_to_async
from django.contrib.auth.models import User

from monitor.models import ListenSession
from tests.support.nginx import PROGRAM, Nginx
from tests.support.servers import Server, cookie
from tests.support.stopping import BOTH, RESTART, stopped
from tests.support.talk import closing, message, message_of, open_tap, payload
from tests.support.waiting import until

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="needs nginx")

SPOOFED = "198.51.100.9"


@pytest.fixture(scope="module")
def _proxy(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: Any, static_files: None
) -> Iterator[Nginx]:
    nginx = Nginx(tmp_path_factory.mktemp("nginx"))
    with (
        Server("daphne", PUBLIC_URL=nginx.url, TRUSTED_PROXIES="1") as one,
        Server("uvicorn", PUBLIC_URL=nginx.url, TRUSTED_PROXIES="1") as other,
        nginx.serve(one.port, other.port),
    ):
        yield nginx


@pytest.fixture
def proxy(_proxy: Nginx, transactional_db: Any) -> Nginx:
    """nginx with its two workers, started once."""
    return _proxy


def tap(proxy: Nginx, uri: str) -> websockets.connect:
    return websockets.connect(proxy.url.replace("http", "ws") + path_of(uri), ssl=proxy.trust)


async def listen(proxy: Nginx, path: str, user: User) -> websockets.connect:
    session = await database_sync_to_async(cookie)(user)
    return websockets.connect(
        proxy.url.replace("http", "ws") + path,
        ssl=proxy.trust,
        origin=websockets.Origin(proxy.url),
        additional_headers={"Cookie": f"__Host-{session}", "X-Forwarded-For": SPOOFED},
    )


def path_of(uri: str) -> str:
    return urlsplit(uri).path


def answered(proxy: Nginx, path: str, body: bytes | None = None) -> int:
    """Ask for a path, and return the status."""
    where = urlsplit(proxy.url)
    client = http.client.HTTPSConnection(where.netloc, context=proxy.trust, timeout=10)
    try:
        client.request("POST" if body else "GET", path, body)
        return client.getresponse().status
    finally:
        client.close()


async def test_a_call_of_one_worker_is_heard_at_the_other(proxy: Nginx, alice: User) -> None:
    opened = await open_tap()
    async with (
        tap(proxy, opened.uri) as sender,
        await listen(proxy, f"/listen/{opened.tap.pk}", alice) as page,
    ):
        await message_of(page, "hello")
        for number in range(6):
            await sender.send(payload(number))
        while not isinstance(await message(page), bytes):
            pass
    session = await ListenSession.objects.aget()
    assert session.address == "127.0.0.1"  # not what the client wrote into the header
    await until(lambda: len(used(proxy, "/listen/", "/tap/")) == 2)


@BOTH
async def test_while_a_worker_drains_all_who_come_are_let_in_at_the_other(
    kind: str, tmp_path: Path, transactional_db: Any, static_files: None, alice: User
) -> None:
    nginx = Nginx(tmp_path)
    behind = {"PUBLIC_URL": nginx.url, "TRUSTED_PROXIES": "1"}
    opened = await open_tap()
    with (
        Server(kind, DRAIN_SECONDS="3", **behind) as draining,
        Server("daphne", **behind) as other,
        nginx.serve(draining.port, other.port),
    ):
        async with contextlib.AsyncExitStack() as stack:

            async def come() -> websockets.ClientConnection:
                page = await stack.enter_async_context(await listen(nginx, "/console", alice))
                await message_of(page, "snapshot")
                return page

            before = [await come() for _ in range(4)]
            stop = asyncio.create_task(stopped(draining))
            await until(lambda: status_of(draining, "/readyz") == 503)
            sender = await stack.enter_async_context(tap(nginx, opened.uri))
            late = [await come() for _ in range(4)]
            await sender.send(payload(1))
            assert not stop.done()
            await stop
            await asyncio.gather(*(page.ping() for page in (sender, *late)))  # they are still open
            left = [page for page in before if page.close_code]
            assert [await closing(page) for page in left] == [RESTART] * 2


def status_of(server: Server, path: str) -> int:
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    with contextlib.closing(client):
        client.request("GET", path)
        return client.getresponse().status


def used(proxy: Nginx, *paths: str) -> set[str]:
    """Return to which workers nginx has passed requests for these paths on, once they ended."""
    begin = "|".join(map(re.escape, paths))
    return set(re.findall(rf'"GET (?:{begin}).* (127\.0\.0\.1:\d+)$', proxy.said(), re.MULTILINE))


async def test_no_token_is_in_its_logs(proxy: Nginx) -> None:
    opened = await open_tap()
    async with tap(proxy, opened.uri) as sender:
        await sender.send(payload(1))
    status = path_of(opened.status_url)
    answers = await asyncio.to_thread(
        lambda: [answered(proxy, one, b"{}") for one in (status, status.upper(), status + "?a=b")]
    )
    assert all(400 <= one < 500 for one in answers)
    await until(lambda: proxy.said().count("/tap/...") >= 4)
    secrets = [path_of(one).split("/")[2][-20:] for one in (opened.uri, opened.status_url)]
    said = proxy.said()
    assert [one for one in (*secrets, secrets[1].upper(), "a=b") if one in said] == []


def test_a_body_larger_than_any_is_refused_at_once(proxy: Nginx) -> None:
    assert answered(proxy, "/tap/x/status", bytes(3 * 1024 * 1024)) == 413


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_the_probes_are_not_for_the_world(proxy: Nginx, path: str) -> None:
    assert answered(proxy, path) == 404


def test_plain_http_leads_to_https(proxy: Nginx) -> None:
    client = http.client.HTTPConnection("127.0.0.1", proxy.http_port, timeout=10)
    client.request("GET", "/login?next=/")
    answer = client.getresponse()
    client.close()
    assert (answer.status, answer.headers["Location"]) == (308, "https://127.0.0.1/login?next=/")
