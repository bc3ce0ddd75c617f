"""What log lines and terminals must not show: tokens, control characters, tracebacks of others."""

from __future__ import annotations

import logging
import re

_SECRET = re.compile(r'(/tap/)[^/?\s"]+|(/[^?\s"]*\?)[^\s"]+')

#: The control characters of ISO 6429, with which a text moves a terminal's cursor, and those of
#: Unicode that turn the direction of the text around them (UAX #9).
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def redact(line: str) -> str:
    """Return the line without what its paths must not tell.

    A tap's path is its key, and a query string holds a tool's token, or the number that
    somebody searched for.
    """
    return _SECRET.sub(lambda match: f"{match[1] or match[2]}…", line)


def printable(text: str) -> str:
    """Return the text on one line, its control characters written as Python escapes them."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


class RedactingFormatter(logging.Formatter):
    """Formats a record, its traceback included, without tokens; its message is one line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        record.message = printable(record.message)
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class ClientMistakes(logging.Filter):
    """Takes the traceback from records that tell of a client's mistake.

    Django logs a refused request, such as one with an unknown Host header, with the 25 lines
    of the exception that refused it. They say nothing about the client, and anybody can have
    them written as often as they like.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        status = getattr(record, "status_code", 0)
        if record.name.startswith("django.security") or 400 <= status < 500:
            record.exc_info = record.exc_text = None
        return True
