"""What log lines and terminals are spared."""

from __future__ import annotations

import logging
import sys
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from monitor.telemetry.redaction import (
    ClientMistakes,
    RedactingFormatter,
    printable,
    redact,
    redact_other_logs,
)


def line(record: logging.LogRecord) -> str:
    """A record as the server's log has it."""
    ClientMistakes().filter(record)
    return RedactingFormatter("%(levelname)s %(message)s").format(record)


def record(message: str, *arguments: object, exc_info: Any = None) -> logging.LogRecord:
    return logging.LogRecord("monitor", logging.INFO, "", 0, message, arguments, exc_info)


@pytest.mark.parametrize(
    ("logged", "shown"),
    [
        ('"WSCONNECT /tap/0123.secret"', '"WSCONNECT /tap/…"'),
        ('"POST /tap/secret/status HTTP/1.1"', '"POST /tap/…/status HTTP/1.1"'),
        ('"WSCONNECT /tap/secret?key=other"', '"WSCONNECT /tap/…?…"'),
        ('"POST /TAP/secret/status"', '"POST /TAP/…/status"'),
        ('"POST /agents/a/swaig/?x=1&__token=secret" 200', '"POST /agents/a/swaig/?…" 200'),
        ('"GET /admin/monitor/call/?q=%2B15551230000"', '"GET /admin/monitor/call/?…"'),
        ("why? Because /a/b is one thing?", "why? Because /a/b is one thing?"),
        ("< cookie: sessionid=secret; a=b", "< cookie: …"),
        ("< Authorization: Basic c2VjcmV0", "< Authorization: …"),
    ],
)
def test_a_log_line_shows_no_token_no_query_and_no_login(logged: str, shown: str) -> None:
    assert redact(logged) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x07", r"\x1b[2J\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("a\nb\rc", r"a\nb\rc"),
        ("Ann\u202eeeL", r"Ann\u202eeeL"),
        ("\u2066Ann\u2069", r"\u2066Ann\u2069"),
        ("Zo\u00eb \u4f60\u597d\ttab", "Zo\u00eb \u4f60\u597d\ttab"),
    ],
)
def test_control_characters_are_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_logged_text_of_a_client_stays_on_its_line() -> None:
    said = line(record("refused: %s", "x\n2026-01-01 ERROR forged\x1b[2J"))
    assert said == r"INFO refused: x\n2026-01-01 ERROR forged\x1b[2J"


def test_the_row_that_a_database_refused_is_not_logged() -> None:
    why = "null value in column\nDETAIL:  Failing row contains (1, +15551230000).\nCONTEXT:  x"
    try:
        raise ValueError(why) from KeyError("cause")
    except ValueError:
        said = line(record("failed", exc_info=sys.exc_info()))
    assert "ValueError: null value in column" in said
    assert "15551230000" not in said
    assert "CONTEXT" not in said


def test_an_error_of_ours_keeps_its_traceback() -> None:
    try:
        raise RuntimeError("ours")
    except RuntimeError:
        said = line(record("failed", exc_info=sys.exc_info()))
    assert said.splitlines()[1] == "Traceback (most recent call last):"


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/login", {"Host": "evil.example"}), ("/login", {"Host": "a b"}), ("/nothing", {})],
)
def test_a_refused_request_is_one_line_in_the_log(
    db: Any, caplog: pytest.LogCaptureFixture, path: str, headers: dict[str, str]
) -> None:
    assert Client(headers=headers).get(path).status_code in (400, 404)
    lines = [line(one) for one in caplog.records]
    assert lines
    assert not [one for one in lines if "\n" in one]


def test_what_a_server_logs_by_handlers_of_its_own_is_redacted_too() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("INFO: %(message)s"))
    logger = logging.getLogger("a.server.of.its.own")
    logger.addHandler(handler)
    redact_other_logs()
    redact_other_logs()  # another application in the same process
    assert handler.format(record("%s 200", "GET /tap/1.secret")) == "INFO: GET /tap/… 200"
    logger.removeHandler(handler)


def test_the_servers_log_leaves_the_tracebacks_of_clients_mistakes_out() -> None:
    handlers = settings.LOGGING["handlers"]
    assert isinstance(handlers, dict)
    assert handlers["stderr"]["filters"] == ["client_mistakes"]
