"""What logs must not show: tokens, control characters, and tracebacks that strangers cause."""

from __future__ import annotations

import io
import logging
import re
from typing import TextIO

# Calls of our own pages have numbers, and no full stop. A path that is not ours may have a token.
_TOKEN = re.compile(r'(/tap/|/calls/(?=[\w-]+\.)|/password/choose/[\w-]+/)[^/?\s"]+', re.IGNORECASE)
# What PostgreSQL adds to an error's message: the values of the row, and what was sent.
_DETAIL = re.compile(r"(\n|\\n)(DETAIL|CONTEXT|HINT):.*")
_QUERY = re.compile(r'(/[^?\s"]*\?)[^\s"]+')
# Headers that sign a request in. Servers show them at their most detailed level only.
_HEADER = re.compile("((?:cookie|authorization): ).+", re.IGNORECASE)

#: The control characters of ISO 6429, which can move a terminal's cursor, and those of Unicode
#: that change the direction of the text around them (UAX #9).
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def redact(line: str) -> str:
    """Return the line without the secrets in its paths and its headers, and without the rows that a
    database refused.

    The path of a tap, and that of what is said in calls, holds the token that opens it. A query
    string may hold a tool's token, or a number that somebody searched for.
    """
    return _DETAIL.sub("", _HEADER.sub(r"\1…", _QUERY.sub(r"\1…", _TOKEN.sub(r"\1…", line))))


class RedactedStream(io.TextIOBase):
    """Writes whole lines to another stream without what their paths must not tell."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: str) -> int:
        return self._stream.write(redact(line))

    def flush(self) -> None:
        self._stream.flush()


def printable(text: str) -> str:
    """Return the text on one line, with control characters escaped as Python does it."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


class RedactingFormatter(logging.Formatter):
    """Formats a record and its traceback without tokens, and its message on one line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        record.message = printable(record.message)
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class Redacted(logging.Formatter):
    """Formats a record as another formatter does, without tokens."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self._formatter = formatter

    def format(self, record: logging.LogRecord) -> str:
        return redact(self._formatter.format(record))


def redact_other_logs() -> None:
    """Have the handlers that servers bring for loggers of their own write no tokens either.

    uvicorn's access log does not pass through our formatter, and has the path of every request.
    """
    for logger in logging.root.manager.loggerDict.values():
        for handler in getattr(logger, "handlers", ()):
            if not isinstance(handler.formatter, Redacted):
                handler.setFormatter(Redacted(handler.formatter or logging.Formatter()))


class NoDebug(logging.Filter):
    """Removes the lines that a library writes at DEBUG about what it carries: the headers and the
    messages of sockets, and whatever a page is made of."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.DEBUG


class ClientMistakes(logging.Filter):
    """Removes the traceback from records of a client's mistake.

    Django logs a refused request, such as one with an unknown Host header, with the 25 lines
    of the exception that refused it. They say nothing about the client, and anybody can have
    them written as often as they like.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        status = getattr(record, "status_code", 0)
        if record.name.startswith("django.security") or 400 <= status < 500:
            record.exc_info = record.exc_text = None
        return True
