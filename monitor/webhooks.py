"""The status_url of a tap: raw bytes, verify, parse, then ``taps.record_status``."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
import math
import re
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from . import metrics, taps
from .live import tokens
from .models import Tap

EVENT_TYPE = "calling.call.tap"
MAX_DEPTH = 32  # of nested values; a status has 4

#: The part of a tap's address that opens it. A status names the media address.
SECRET = re.compile(r"(/tap/[0-9a-f]{32}\.)[\w-]+")


class BadReport(ValueError):
    """A body that is no tap status; the text says which value and why."""


@csrf_exempt
@require_POST
def tap_status(request: HttpRequest, token: str) -> HttpResponse:
    """``POST /tap/<token>/status``.

    200 stored (or stored before), 400 no tap status, 403 wrong signature,
    404 no such tap. One that is too large comes no further than BodyLimit: 413.
    """
    body = request.body
    if not signed(request, body):
        return _refuse(HTTPStatus.FORBIDDEN, "signature is missing or wrong")
    tap_id = tokens.read("status", token)
    if tap_id is None:
        return _refuse(HTTPStatus.NOT_FOUND, "no such tap")
    try:
        stored = taps.record_status(tap_id, parse(body))
    except BadReport as error:
        return _refuse(HTTPStatus.BAD_REQUEST, str(error))
    except Tap.DoesNotExist:
        return _refuse(HTTPStatus.NOT_FOUND, "no such tap")
    metrics.count("webhooks", label="stored" if stored else "repeated")
    return JsonResponse({"stored": stored})


def signed(request: HttpRequest, body: bytes) -> bool:
    """Is the body signed by SignalWire? True where no signing key is set.

    The scheme is SignalWire's for JSON: lower-case hex of an HMAC keyed with
    the project's signing key over the public URL and the raw body, SHA-256 in
    the newer header (which decides where it is present), SHA-1 in the older.
    """
    keys = [settings.SIGNALWIRE_SIGNING_KEY, settings.SIGNALWIRE_SIGNING_KEY_PREVIOUS]
    keys = [key for key in keys if key]
    if not keys:
        return True
    message = (settings.PUBLIC_URL + request.get_full_path()).encode() + body
    given = request.headers.get("X-SignalWire-Sha256-Signature")
    digest = hashlib.sha256
    if given is None:
        given = request.headers.get("X-SignalWire-Signature", "")
        digest = hashlib.sha1
    expected = [hmac.new(key.encode(), message, digest).hexdigest() for key in keys]
    return any(hmac.compare_digest(one.encode(), given.encode()) for one in expected)


def parse(body: bytes) -> taps.StatusReport:
    """Read a status body. Unknown fields are kept.

    Raises BadReport.
    """
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
    return taps.StatusReport(
        state=params["state"],
        control_id=_text(params.get("control_id")),
        call_id=_text(params.get("call_id")),
        at=_moment(payload.get("timestamp")),
        payload=payload,
        digest=hashlib.sha256(body).hexdigest(),
    )


def _refuse(status: HTTPStatus, why: str) -> JsonResponse:
    metrics.count("webhooks", label=str(int(status)))
    return JsonResponse({"error": why}, status=status)


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    value = float(digits)
    return value if math.isfinite(value) else _no_number(digits[:20])


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _moment(timestamp: object) -> datetime.datetime | None:
    """Seconds since 1970, as a number or written as one."""
    try:
        return datetime.datetime.fromtimestamp(float(timestamp), datetime.UTC)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _named(value: object) -> str:
    return repr(value)[:40]


def _storable(value: Any, depth: int = 0) -> Any:
    """As it came, but without what cannot or must not be stored.

    Raises BadReport where it is nested too deep to walk.
    """
    if depth > MAX_DEPTH:
        raise BadReport(f"body is nested more than {MAX_DEPTH} deep")
    if isinstance(value, dict):
        return {_storable(key): _storable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_storable(item, depth + 1) for item in value]
    if isinstance(value, str):
        return SECRET.sub(r"\1…", taps.storable(value))
    return value
