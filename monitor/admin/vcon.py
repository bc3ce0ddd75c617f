"""Writes a call as a vCon, the IETF's format for conversations (draft-ietf-vcon-vcon-core).

It has the parties, what each of them said, the carrier's summary, and how the parties were told
that they are listened to; there is no recording.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from monitor.models import Call, Tap
from monitor.services import conversation
from monitor.services.conversation import Line

SYNTAX = "0.4.0"
MILLISECONDS = 1000  # a second
PARTIES = {"caller": 0, "agent": 1}  # their places in the list of parties


def document(call: Call) -> dict[str, Any]:
    """Return a call as a vCon, unsigned."""
    said = [line for line in conversation.of_call(call) if line.side in PARTIES]
    summary = conversation.summary(call)
    written: dict[str, Any] = {
        "vcon": SYNTAX,
        "uuid": str(_uuid(call)),
        "created_at": _date(call.created_at),
        "subject": f"Call {call.call_id}",
        "parties": _parties(call),
        "dialog": [_dialog(line) for line in said],
    }
    if notices := [_notice(tap, said) for tap in call.taps.order_by("requested_at", "pk")]:
        written["attachments"] = notices
    if summary:
        written["analysis"] = [_analysis(summary, said)]
    return written


def _parties(call: Call) -> list[dict[str, str]]:
    number = "" if call.is_masked else call.caller  # a masked number is none
    caller = {"tel": number, "name": call.caller_name, "type": "person"}
    agent = {"name": call.agent, "type": "bot"}
    return [{name: value for name, value in one.items() if value} for one in (caller, agent)]


def _dialog(line: Line) -> dict[str, Any]:
    return {
        "type": "text",
        "start": _date(line.at),
        "parties": PARTIES[line.side],
        "mediatype": "text/plain",
        "body": line.text,
        "encoding": "none",
    }


def _analysis(summary: str, said: Sequence[Line]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "summary",
        "vendor": "SignalWire",
        "mediatype": "text/plain",
        "body": summary,
        "encoding": "none",
    }
    if said:
        made["dialog"] = list(range(len(said)))
    return made


def _notice(tap: Tap, said: Sequence[Line]) -> dict[str, Any]:
    """Return how the parties were told of a tap: by its agent, as its row has it; "" is not at all.

    The draft wants an attachment to name a dialog. Where nothing was said there is none.
    """
    told: dict[str, Any] = {
        "purpose": "notice",
        "start": _date(tap.requested_at),
        "party": PARTIES["agent"],
        "mediatype": "application/json",
        "body": json.dumps({"leg": tap.direction, "notice": tap.notice}),
        "encoding": "json",
    }
    if said:
        told["dialog"] = 0
    return told


def _uuid(call: Call) -> uuid.UUID:
    """Return the UUID of a call's vCon, which is the same each time that the call is written.

    The draft wants version 8: the time in milliseconds, 12 bits that are free, and 62 bits of the
    SHA-1 of a host's name. The free bits alone would not tell apart two calls that came in the
    same millisecond, so the call's ID is hashed with the name.
    """
    name = f"{urlsplit(settings.PUBLIC_URL).hostname}/{call.call_id}"
    digest = hashlib.sha1(name.encode(), usedforsecurity=False).digest()
    milliseconds = round(call.created_at.timestamp() * MILLISECONDS)
    free = int.from_bytes(digest[-2:]) & 0xFFF
    high = int.from_bytes(digest[:8]) >> 2
    return uuid.UUID(int=milliseconds << 80 | 8 << 76 | free << 64 | 2 << 62 | high)


def _date(at: datetime.datetime) -> str:
    return at.astimezone(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
