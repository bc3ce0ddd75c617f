"""Daphne as Earshot runs it."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request

import pytest

from monitor.live import tokens
from monitor.redaction import redact
from tests.live.talk import open_tap
from tests.servers import Server


def test_health_is_answered(server: Server) -> None:
    with urllib.request.urlopen(f"{server.url}/healthz") as answer:
        assert answer.status == 200


def test_an_access_log_line_shows_no_tap_token() -> None:
    assert redact('"WSCONNECT /tap/0123.secret"') == '"WSCONNECT /tap/…"'


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('"POST /agents/a/swaig/?x=1&__token=secret" 200', '"POST /agents/a/swaig/?…" 200'),
        ('"GET /admin/monitor/call/?q=%2B15551230000"', '"GET /admin/monitor/call/?…"'),
        ("why? Because /a/b is one thing?", "why? Because /a/b is one thing?"),
    ],
)
def test_an_access_log_line_shows_no_query(line: str, shown: str) -> None:
    assert redact(line) == shown


async def test_a_refused_webhooks_token_is_not_in_the_log(server: Server) -> None:
    opened = await open_tap()
    request = urllib.request.Request(server.http_url(opened.status_url), data=b"not JSON")
    with pytest.raises(urllib.error.HTTPError):
        await asyncio.to_thread(urllib.request.urlopen, request)
    assert "/tap/…/status" in server.said()
    assert tokens.make("status", opened.tap.pk).partition(".")[2] not in server.said()
