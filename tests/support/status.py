"""Posts of SignalWire, for tests: a body, its signature, and how it is sent."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from django.conf import settings
from django.test import Client

from monitor.services.taps import OpenedTap

KEY = "PSK_test"


def body(opened: OpenedTap, state: str = "tapping", **changes: Any) -> dict[str, Any]:
    """Return the documented body with ``changes`` in its params."""
    params = {
        "call_id": opened.tap.call.call_id,
        "node_id": "node-1",
        "segment_id": "segment-1",
        "control_id": opened.tap.control_id,
        "state": state,
        "tap": {"type": "audio", "params": {"direction": "both"}},
        "device": {"type": "ws", "params": {"uri": opened.uri, "codec": "PCMU"}},
    }
    return {
        "event_type": "calling.call.tap",
        "event_channel": "swml:channel-1",
        "timestamp": 1640000000.123,
        "project_id": "project-1",
        "space_id": "space-1",
        "params": {**params, **changes},
    }


def signature(url: str, raw: bytes, key: str = KEY, algorithm: str = "sha1") -> str:
    """Return the HMAC of URL and body in lower-case hex."""
    return hmac.new(key.encode(), url.encode() + raw, algorithm).hexdigest()


def path_of(url: str) -> str:
    """Return the path of a public URL, which is what a test client requests."""
    return url.removeprefix(settings.PUBLIC_URL)


def post(client: Client, opened: OpenedTap, content: Any, *, url: str = "", **headers: str) -> Any:
    """Send a body, JSON unless it is bytes, signed as SignalWire does unless headers are given."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    url = url or opened.status_url
    if not headers:
        headers = {"X-SignalWire-Signature": signature(url, raw)}
    return send(client, url, raw, headers)


def send(
    client: Client,
    url: str,
    raw: bytes,
    headers: dict[str, str],
    content_type: str = "application/json",
) -> Any:
    """Send exactly these bytes and headers."""
    return client.post(path_of(url), raw, content_type=content_type, headers=headers)


def sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
