"""Makes texts of strangers fit to be stored and shown."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

#: NUL and half surrogate pairs, which no database takes, and the characters that turn the
#: direction of the text around them (UAX #9): a caller's name must not rewrite its page.
UNSTORABLE = re.compile("[\x00\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def storable(text: str) -> str:
    """Return the text, in which U+FFFD replaces each character that must not be stored."""
    return UNSTORABLE.sub("\ufffd", text)


def map_texts(
    value: Any,
    change: Callable[[str], str],
    change_number: Callable[[int | float], Any] = lambda number: number,
) -> Any:
    """Return a JSON value with every text, key and number in it as these functions return it.

    A text may be JSON itself, as a tool's arguments are: what it has escaped is seen, too.
    """
    if isinstance(value, str):
        return change(_map_json(value, change, change_number))
    if isinstance(value, dict):
        return {change(key): map_texts(item, change, change_number) for key, item in value.items()}
    if isinstance(value, list):
        return [map_texts(item, change, change_number) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return change_number(value)
    return value


def _map_json(
    text: str, change: Callable[[str], str], change_number: Callable[[int | float], Any]
) -> str:
    """Return a text that is JSON with escapes, changed and written anew; any other as it is."""
    if not text.lstrip().startswith(("{", "[")) or "\\" not in text:
        return text
    try:
        value = json.loads(text)
        changed = map_texts(value, change, change_number)
    except (ValueError, RecursionError):
        return text
    return text if changed == value else json.dumps(changed, ensure_ascii=False)
