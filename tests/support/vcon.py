"""A JSON schema for the vCons that Earshot writes, after the rules of draft-ietf-vcon-vcon-core.

It is stricter than the draft: nothing is allowed that Earshot does not write.
"""

from __future__ import annotations

from typing import Any

DATE = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
TEXT = {"type": "string", "minLength": 1}
INDEX = {"type": "integer", "minimum": 0}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


CONTENT = {"mediatype": {"const": "text/plain"}, "body": TEXT, "encoding": {"const": "none"}}
PARTY = _object({}, {"tel": TEXT, "name": TEXT, "type": {"enum": ["person", "bot"]}})
DIALOG = _object({"type": {"const": "text"}, "start": DATE, "parties": INDEX, **CONTENT})
ANALYSIS = _object(
    {"type": {"const": "summary"}, "vendor": TEXT, **CONTENT},
    {"dialog": {"type": "array", "items": INDEX, "minItems": 1}},
)
NOTICE = _object(
    {
        "purpose": {"const": "notice"},
        "start": DATE,
        "party": INDEX,
        "mediatype": {"const": "application/json"},
        "body": TEXT,
        "encoding": {"const": "json"},
    },
    {"dialog": INDEX},
)
SCHEMA = _object(
    {
        "vcon": {"const": "0.4.0"},
        "uuid": {
            "type": "string",
            "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        },
        "created_at": DATE,
        "subject": TEXT,
        "parties": {"type": "array", "items": PARTY, "minItems": 2},
        "dialog": {"type": "array", "items": DIALOG},
    },
    {
        "analysis": {"type": "array", "items": ANALYSIS, "minItems": 1},
        "attachments": {"type": "array", "items": NOTICE, "minItems": 1},
    },
)
