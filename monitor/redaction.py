"""No token in any log line: a path that opens a tap or runs a tool loses it."""

from __future__ import annotations

import logging
import re

_TOKEN = re.compile(r'(/tap/)[^/?\s"]+|([?&](?:__)?token=)[^&\s"]+')


def redact(line: str) -> str:
    """The line without tokens."""
    return _TOKEN.sub(lambda match: f"{match[1] or match[2]}…", line)


class RedactingFormatter(logging.Formatter):
    """Formats a record, tracebacks included, and takes the tokens out."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))
