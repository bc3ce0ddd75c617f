"""Daphne as Earshot runs it."""

from __future__ import annotations

import urllib.request

from monitor.server import redact
from tests.servers import Server


def test_health_is_answered(server: Server) -> None:
    with urllib.request.urlopen(f"{server.url}/healthz") as answer:
        assert answer.status == 200


def test_an_access_log_line_shows_no_tap_token() -> None:
    assert redact('"WSCONNECT /tap/0123.secret"') == '"WSCONNECT /tap/…"'


def test_an_access_log_line_shows_no_tool_token() -> None:
    assert redact('"POST /agents/a/swaig/?x=1&__token=secret"') == (
        '"POST /agents/a/swaig/?x=1&__token=…"'
    )
