"""Reads what SignalWire sends about the call with every call of a tool."""

from __future__ import annotations

from typing import Any


def text(source: object, *keys: str) -> str:
    """Return the first of these fields that holds text, or nothing."""
    if isinstance(source, dict):
        for key in keys:
            value = source.get(key)
            if value and isinstance(value, str):
                return value
    return ""


def caller(raw_data: dict[str, Any]) -> tuple[str, str]:
    """Return the caller's number and name, or nothing for what SignalWire does not send.

    A Bedrock agent's fields have other names.
    """
    session = raw_data.get("global_data")
    number = text(raw_data, "caller_id_num", "caller_id_number")
    name = text(raw_data, "caller_id_name", "caller_id")
    return (
        number or text(session, "caller_id_number", "caller_id_num"),
        name or text(session, "caller_id_name"),
    )
