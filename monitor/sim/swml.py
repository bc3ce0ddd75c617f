"""Reads the SWML that agents answer with, as the platform understands it."""

from __future__ import annotations

import functools
from typing import Any

from signalwire.utils.schema_utils import SchemaUtils

SHOWN = 120  # characters of an answer that an error repeats

Json = dict[str, Any]


class CallFailed(Exception):
    """A step of a call failed; the text says which one and why."""


def hook_of(swml: Json, tool: str) -> str:
    """Return the URL at which SWML says a tool is called. Raises CallFailed."""
    for verb in _verbs(swml):
        swaig = verb.get("ai", {}).get("SWAIG", {})
        for function in swaig.get("functions", ()):
            if function.get("function") == tool:
                hook = function.get("web_hook_url") or swaig.get("defaults", {}).get("web_hook_url")
                if hook:
                    return str(hook)
    raise CallFailed(f"the agent's SWML has no tool {tool}, or no URL for it")


def ai_of(swml: Json) -> Json:
    """Return the parameters of the ``ai`` verb of an agent's SWML, or nothing if it has none."""
    found = (verb["ai"] for verb in _verbs(swml) if isinstance(verb.get("ai"), dict))
    return next(found, {})


def checked_verbs(answer: Json, name: str) -> list[Json]:
    """Return the parameters of each verb of that name in the SWML that a tool answered with.

    Raises CallFailed if there is no such verb, or if the SDK's schema rejects one.
    """
    found = []
    for action in answer.get("action", ()):
        document = action.get("SWML")
        for verb in _verbs(document) if isinstance(document, dict) else ():
            if name in verb:
                _check(document, name, verb[name])
                found.append(dict(verb[name]))
    if not found:
        said = str(answer.get("response", ""))[:SHOWN]
        raise CallFailed(f"the tool answered no {name} verb but {said!r}")
    return found


def _check(document: Json, name: str, parameters: Json) -> None:
    schema = _schema()
    _, in_document = schema.validate_document(document)
    _, in_verb = schema.validate_verb(name, parameters)
    if in_document or in_verb:
        why = "; ".join([*in_verb, *in_document])[:SHOWN]
        raise CallFailed(f"SWML of {name} is not valid: {why}")


def _verbs(document: Json) -> list[Json]:
    main = document.get("sections", {}).get("main", [])
    return [verb for verb in main if isinstance(verb, dict)]


@functools.cache
def _schema() -> SchemaUtils:
    return SchemaUtils()
