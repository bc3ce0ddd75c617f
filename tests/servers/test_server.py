"""Daphne as Earshot runs it."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request

import pytest

from monitor.services import tap_urls
from tests.support.servers import Server
from tests.support.talk import open_tap


def test_health_is_answered(server: Server) -> None:
    with urllib.request.urlopen(f"{server.url}/healthz") as answer:
        assert answer.status == 200


async def test_a_refused_webhooks_token_is_not_in_the_log(server: Server) -> None:
    opened = await open_tap()
    request = urllib.request.Request(server.http_url(opened.status_url), data=b"not JSON")
    with pytest.raises(urllib.error.HTTPError):
        await asyncio.to_thread(urllib.request.urlopen, request)
    assert "/tap/…/status" in server.said()
    assert tap_urls.make("status", opened.tap.pk).partition(".")[2] not in server.said()
