"""Parses what SignalWire's AI tells of a call: its debug events and its post-prompt.

A debug event is posted while the call goes on: ``call_info``, and one property or more named after
what happened. SignalWire documents neither an order nor that each arrives. The post-prompt is
posted when the agent's part in the call is over, and has the whole conversation. Kinds and fields
that are not known here are kept as they came.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from monitor.adapters.carriers.signalwire.json_body import (
    BadReport,
    moment,
    parse_object,
    shown,
    text_of,
)
from monitor.wire.call_report import CallReport, ReportedEvent
from monitor.wire.text import UNSTORABLE

KIB = 1024
MAX_EVENT = 64 * KIB  # bytes of one event as JSON
MAX_NAMED = 20  # fields that are named because they were left out
MAX_LEFT_OUT = 8 * KIB  # bytes that their names and sizes take
MAX_EVENTS = 100  # in one debug post; SignalWire documents "one or more"
MAX_CALL_ID = 255  # characters
MAX_KIND = 64  # characters of an event's name
MICROSECONDS = 1e6  # a second

#: Properties of a debug post that say which call it is about, and are no events.
ABOUT = ("call_info", "channel_data")

#: Who says or does what an event tells of, and the fields that may hold the words.
WORDS = {
    "speech_detect": ("user", ("text",)),
    "oart_user_transcript": ("user", ("text", "transcript", "content")),
    "oart_assistant_transcript": ("assistant", ("text", "transcript", "content")),
    "filler": ("assistant", ("text",)),
    "function_call": ("tool", ("function", "name")),
    "function_loop": ("tool", ("function", "name")),
    "swaig_call": ("tool", ("function", "command_name", "name")),
    "webhook_fail": ("", ("error", "message")),
    "llm_error": ("", ("error", "message", "event")),
    "voice_error": ("", ("error", "message")),
    "session_end": ("", ("reason",)),
    "warning": ("", ("message", "warning", "text")),
}

POSTED = "post_conversation"
FETCHED = "fetch_conversation"
#: The parts of a post-prompt that become events of their own.
LOGS = ("call_log", "raw_call_log", "swaig_log")
#: What of a post-prompt may say when the call ended, the best first. In microseconds.
ENDS = ("call_end_date", "ai_end_date")

#: Events that repeat what SignalWire has sent to a tool, and their field that has it. No other live
#: event names the caller.
SENT_TO_TOOLS = {"swaig_call": "post_data", "webhook_fail": "request_payload"}
#: What the caller's number is called: in a call's record, and in what is sent to a tool.
CALLER_NUMBERS = ("caller_id_number", "caller_id_num")


class TooLarge(BadReport):
    """An event has more bytes than is kept of one."""


def parse_events(body: bytes) -> CallReport:
    """Return what a debug post tells. Raises BadReport, and TooLarge for an event that is."""
    post = parse_object(body)
    info = post.get("call_info")
    if not isinstance(info, dict):
        raise BadReport(f"call_info {shown(info)} is not an object")
    call_id = _call_id("call_info.call_id", info.get("call_id"))
    told = {name: value for name, value in post.items() if name not in ABOUT}
    if not told:
        raise BadReport("body has no event beside call_info")
    if len(told) > MAX_EVENTS:
        raise BadReport(f"body has {len(told)} events, more than {MAX_EVENTS}")
    events = tuple(_event(name, value) for name, value in told.items())
    caller, caller_name = _caller_in(_sent_to_tool(call_id, told))
    return CallReport(
        call_id=call_id,
        source="live",
        events=events,
        caller=caller,
        caller_name=caller_name,
        project_id=text_of(info.get("project_id")),
    )


def parse_summary(body: bytes) -> CallReport | None:
    """Return what a post-prompt tells, or None if it only asks for a stored conversation.

    Raises BadReport.
    """
    post = parse_object(body)
    action = post.get("action")
    if action == FETCHED:
        return None
    if action != POSTED and (action is not None or not isinstance(post.get("call_log"), list)):
        raise BadReport(f"action {shown(action)} is not {POSTED!r}")
    caller, caller_name = _caller_in(post)
    return CallReport(
        call_id=_call_id("call_id", post.get("call_id")),
        source="authority",
        events=(*_said(post), *_tools(post), _summary(post)),
        conversation=text_of(post.get("ai_session_id")),
        caller=caller,
        caller_name=caller_name,
        project_id=text_of(post.get("project_id")),
    )


def _sent_to_tool(call_id: str, told: dict[str, Any]) -> dict[str, Any]:
    """Return what was sent to a tool of this call, if an event repeats that.

    A tool may get a body of the agent's own making instead, which has no call ID.
    """
    for kind, field in SENT_TO_TOOLS.items():
        event = told.get(kind)
        sent = event.get(field) if isinstance(event, dict) else None
        if isinstance(sent, dict) and sent.get("call_id") == call_id:
            return sent
    return {}


def _caller_in(body: dict[str, Any]) -> tuple[str, str]:
    """Return the caller's number and name, as far as a body has them. SignalWire also puts them
    into the agent's own data."""
    data = body.get("global_data")
    places = (body, data if isinstance(data, dict) else {})
    numbers = (place.get(name) for place in places for name in CALLER_NUMBERS)
    names = (place.get("caller_id_name") for place in places)
    return (
        next((text for one in numbers if (text := text_of(one))), ""),
        next((text for one in names if (text := text_of(one))), ""),
    )


def _call_id(name: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise BadReport(f"{name} {shown(value)} is not a text")
    if len(value) > MAX_CALL_ID:
        raise BadReport(f"{name} has {len(value)} characters, more than {MAX_CALL_ID}")
    if "\ufffd" in value or UNSTORABLE.search(value):
        raise BadReport(f"{name} {value[:40]!a} has a character that no call ID has")
    return value


def _event(kind: str, value: Any) -> ReportedEvent:
    """Return a live event. Its time is SignalWire's, in microseconds, where there is one."""
    payload = value if isinstance(value, dict) else {"value": value}
    size = _size(payload)
    if size > MAX_EVENT:
        raise TooLarge(f"{kind[:MAX_KIND]} has {size} bytes, more than {MAX_EVENT}")
    at = moment(payload.get("timestamp"), MICROSECONDS)
    if kind == "conversation_add":
        role, text = text_of(payload.get("role")), _content(payload.get("content"))
    else:
        role, fields = WORDS.get(kind, ("", ()))
        text = next((words for name in fields if (words := text_of(payload.get(name)))), "")
    return ReportedEvent(kind[:MAX_KIND], role, text, at, payload)


def _said(post: dict[str, Any]) -> Iterator[ReportedEvent]:
    """Yield what the log of the conversation has: of two logs that of what was really said.

    The raw log has the same, and tells more about some: that the caller interrupted, for example.
    """
    raw = list(_entries(post, "raw_call_log"))
    more = {_key(entry): entry for entry in reversed(raw)}
    for place, entry in enumerate(list(_entries(post, "call_log")) or raw):
        payload = {**more.get(_key(entry), {}), **entry}
        at = moment(entry.get("timestamp"), MICROSECONDS)
        role = text_of(entry.get("role"))
        yield ReportedEvent(
            "call_log", role, _content(entry.get("content")), at, _fitting(payload), place
        )


def _tools(post: dict[str, Any]) -> Iterator[ReportedEvent]:
    for place, entry in enumerate(_entries(post, "swaig_log")):
        name = text_of(entry.get("command_name"))
        at = moment(entry.get("epoch_time"))
        yield ReportedEvent("swaig_log", "tool", name, at, _fitting(entry), place)


def _summary(post: dict[str, Any]) -> ReportedEvent:
    """Return what a post-prompt says of the call as a whole, at the end of the call."""
    made = post.get("post_prompt_data")
    made = made if isinstance(made, dict) else {}
    texts = (made.get("substituted"), made.get("raw"), post.get("conversation_summary"))
    text = next((words for one in texts if (words := text_of(one))), "")
    rest = {name: value for name, value in post.items() if name not in LOGS}
    at = next((found for name in ENDS if (found := moment(post.get(name), MICROSECONDS))), None)
    return ReportedEvent(POSTED, "", text, at, _fitting(rest))


def _entries(post: dict[str, Any], name: str) -> Iterable[dict[str, Any]]:
    log = post.get(name)
    return (entry for entry in log if isinstance(entry, dict)) if isinstance(log, list) else ()


def _key(entry: dict[str, Any]) -> str:
    return json.dumps([entry.get(name) for name in ("role", "timestamp", "content")])


def _content(value: object) -> str:
    """Return the words of a message, which may be in parts of the form that LLMs use."""
    if isinstance(value, list):
        parts = (part.get("text") if isinstance(part, dict) else part for part in value)
        return " ".join(part for part in parts if isinstance(part, str))
    return text_of(value)


def _fitting(payload: dict[str, Any]) -> dict[str, Any]:
    """Return a payload without its largest fields, if it is too large with them.

    ``left_out`` then has the sizes of the largest. A call's record must not be lost for one of
    its parts.
    """
    if _size(payload) <= MAX_EVENT:
        return payload
    kept, left_out = dict(payload), []
    names = sorted(payload, key=lambda name: _size(payload[name]))
    while _size(kept) > MAX_EVENT - MAX_LEFT_OUT:
        name = names.pop()
        left_out.append((name[:MAX_KIND], _size(kept.pop(name))))
    return {**kept, "left_out": dict(left_out[:MAX_NAMED])}


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode())
