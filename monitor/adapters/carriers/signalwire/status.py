"""Parses the body of SignalWire's status webhook of a tap."""

from __future__ import annotations

import datetime
import hashlib
import json
import math
import re
from typing import Any

from monitor.wire.status_report import StatusReport
from monitor.wire.text import storable

EVENT_TYPE = "calling.call.tap"
MAX_DEPTH = 32  # nested values; a status has 4

#: The secret part of a tap's media address, which a status repeats.
SECRET = re.compile(r"(/tap/[0-9a-f]{32}\.)[\w-]+")


class BadReport(ValueError):
    """The body is not a tap status; the text says which value is wrong, and why."""


def parse(body: bytes) -> StatusReport:
    """Return what a body reports. Its payload has all fields, known or not. Raises BadReport."""
    try:
        payload = json.loads(body, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise BadReport(f"body is not JSON: {str(error)[:100]}") from None
    if not isinstance(payload, dict):
        raise BadReport("body is not a JSON object")
    payload = _storable(payload)
    if payload.get("event_type") != EVENT_TYPE:
        raise BadReport(f"event_type {_named(payload.get('event_type'))} is not {EVENT_TYPE!r}")
    params = payload.get("params")
    if not isinstance(params, dict):
        raise BadReport(f"params {_named(params)} is not an object")
    if not isinstance(params.get("state"), str):
        raise BadReport(f"params.state {_named(params.get('state'))} is not a string")
    return StatusReport(
        state=params["state"],
        control_id=_text(params.get("control_id")),
        call_id=_text(params.get("call_id")),
        at=_moment(payload.get("timestamp")),
        payload=payload,
        digest=hashlib.sha256(body).hexdigest(),
    )


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    value = float(digits)
    return value if math.isfinite(value) else _no_number(digits[:20])


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _moment(timestamp: object) -> datetime.datetime | None:
    """Return the moment of a Unix time, which may be a number or the text of one."""
    try:
        return datetime.datetime.fromtimestamp(float(timestamp), datetime.UTC)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _named(value: object) -> str:
    return repr(value)[:40]


def _storable(value: Any, depth: int = 0) -> Any:
    """Return a JSON value without the characters and secrets that must not be stored.

    Raises BadReport if it is nested too deep.
    """
    if depth > MAX_DEPTH:
        raise BadReport(f"body is nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, dict):
        return {_storable(key): _storable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_storable(item, depth + 1) for item in value]
    if isinstance(value, str):
        return SECRET.sub(r"\1…", storable(value))
    return value
