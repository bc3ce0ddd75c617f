"""Reads the JSON body of a webhook, strictly."""

from __future__ import annotations

import datetime
import json
import math
import re
from typing import Any

from monitor.wire.text import storable

MAX_DEPTH = 32  # nested values; a tap's status has 4


#: What URLs in a body may give away: logins, the tokens of tools, and the secret parts of ours.
SECRETS = (
    (re.compile(r"(\w://)[^/\s@\"]+@"), r"\1"),
    (re.compile(r"([?&]_{0,2}token=)[^&\s\"]+"), r"\1…"),
    (re.compile(r"(/(?:tap|calls)/[\w-]+\.)[\w.-]+"), r"\1…"),
)


class BadReport(ValueError):
    """The body is not what it should be; the text says which value is wrong, and why."""


def parse_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body, without the characters and the secrets that must not be
    stored. Raises BadReport."""
    try:
        value = json.loads(body, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise BadReport(f"body is not JSON: {str(error)[:100]}") from None
    if not isinstance(value, dict):
        raise BadReport("body is not a JSON object")
    return {_clean(key): _cleaned(item, 1) for key, item in value.items()}


def text_of(value: object) -> str:
    """Return a text as it is, and nothing for any other value."""
    return value if isinstance(value, str) else ""


def moment(timestamp: object, per_second: float = 1) -> datetime.datetime | None:
    """Return the moment of a Unix time, which may be a number or the text of one."""
    try:
        seconds = float(timestamp) / per_second  # type: ignore[arg-type]
        return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def shown(value: object) -> str:
    """Return a value as an error names it."""
    return repr(value)[:40]


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    value = float(digits)
    return value if math.isfinite(value) else _no_number(digits[:20])


def _cleaned(value: Any, depth: int) -> Any:
    """Return a JSON value with clean texts. Raises BadReport if it is nested too deep."""
    if depth > MAX_DEPTH:
        raise BadReport(f"body is nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, dict):
        return {_clean(key): _cleaned(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_cleaned(item, depth + 1) for item in value]
    return _clean(value) if isinstance(value, str) else value


def _clean(text: str) -> str:
    text = storable(text)
    for secret, left in SECRETS:
        text = secret.sub(left, text)
    return text
