"""What SignalWire posts about what is said in a call, and how it is sent."""

from __future__ import annotations

import base64
import json
from typing import Any

from django.conf import settings
from django.test import Client

from monitor.services import event_urls
from monitor.services.event_urls import Purpose
from tests.support.rows import NOW

CALL = "call-1"
AGENT = "receptionist"


def events(call_id: str = CALL, **told: Any) -> dict[str, Any]:
    """Return the body of a debug post: ``call_info`` and the events."""
    info = {
        "project_id": "project-1",
        "space_id": "space-1",
        "call_id": call_id,
        "content_type": "text/json",
        "content_disposition": "post_data",
        "conversation_type": "voice",
    }
    return {"call_info": info, **told}


def heard(text: str, call_id: str = CALL) -> dict[str, Any]:
    """Return the post that tells what the caller said."""
    return events(call_id, speech_detect={"text": text, "source": "final"})


def summary(call_id: str = CALL, **fields: Any) -> dict[str, Any]:
    """Return the body of a post-prompt."""
    return {
        "action": "post_conversation",
        "conversation_type": "voice",
        "call_id": call_id,
        "ai_session_id": "ai-1",
        "project_id": "project-1",
        "caller_id_name": "Ann Lee",
        "caller_id_number": "+15551230000",
        "call_log": [],
        "swaig_log": [],
        "post_prompt_data": {"raw": "All is well.", "substituted": "All is well."},
        **fields,
    }


def said(role: str, content: str, at: float | None = None, **more: Any) -> dict[str, Any]:
    """Return an entry of a call's log. ``at`` is in seconds of Unix time."""
    timestamp = {} if at is None else {"timestamp": round(at * 1e6)}
    return {"role": role, "content": content, **timestamp, **more}


def at(body: dict[str, Any], second: float) -> dict[str, Any]:
    """Give the events of a post the carrier's own time, in seconds after NOW."""
    timed = {"timestamp": round((NOW.timestamp() + second) * 1e6)}
    return {name: told if name == "call_info" else {**told, **timed} for name, told in body.items()}


def tool(name: str = "get_weather", error: str = "") -> dict[str, Any]:
    failed = {"error": error} if error else {}
    return events(swaig_call={"command_name": name, **failed})


def failed(name: str = "get_weather") -> dict[str, Any]:
    return tool(name, "no answer")


def llm_error(event: str = "llm_retry") -> dict[str, Any]:
    return events(llm_error={"event": event, "model": "a-model"})


def barge(n: int = 1) -> dict[str, Any]:
    return events(barge={"barge_type": "normal", "barge_elapsed_ms": 900 + n, "interrupt_count": n})


def hold(event: str = "hold") -> dict[str, Any]:
    return events(hold={"event": event, "timeout": 900})


def logged(role: str, text: str, second: float) -> dict[str, Any]:
    return at(events(conversation_add={"role": role, "content": text}), second)


def post(
    client: Client,
    body: Any,
    *,
    purpose: Purpose = "events",
    token: str | None = None,
    login: str | None = None,
) -> Any:
    """Send a body, JSON unless it is bytes, with the login that the URL has unless one is given."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    if login is None:
        login = f"{settings.SWML_BASIC_AUTH_USER}:{settings.SWML_BASIC_AUTH_PASSWORD}"
    token = event_urls.make(purpose, AGENT) if token is None else token
    headers = {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}
    return client.post(
        f"/calls/{token}/{purpose}",
        raw,
        content_type="application/json",
        headers=headers if login else {},
    )
