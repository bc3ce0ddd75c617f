"""Takes out of texts what the operator's own patterns match, such as national ID numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from monitor.wire.card_numbers import REMOVED

MAX_PATTERNS = 20
MAX_LENGTH = 300  # characters of one
ALLOWED = (
    f"a JSON list of up to {MAX_PATTERNS} regular expressions of up to {MAX_LENGTH} characters"
)

#: A repeated group that repeats something itself, such as (\d+ ?)+. On a text that nearly matches,
#: it may be tried in more ways than there is time for.
NESTED = re.compile(r"\((?:[^()\\]|\\.)*[+*](?:[^()\\]|\\.)*\)[+*{]")

Patterns = Sequence[re.Pattern[str]]


def parse(text: str) -> tuple[re.Pattern[str], ...]:
    """Return the patterns of the setting. Raises ValueError, which says what is allowed."""
    if not text:
        return ()
    try:
        written = json.loads(text)
    except ValueError:
        raise ValueError(ALLOWED) from None
    is_list = isinstance(written, list) and len(written) <= MAX_PATTERNS
    if not is_list or not all(isinstance(one, str) and len(one) <= MAX_LENGTH for one in written):
        raise ValueError(ALLOWED)
    return tuple(map(_compiled, written))


def without(text: str, patterns: Patterns) -> str:
    """Return the text with ``••••`` in the place of whatever one of the patterns matches."""
    for pattern in patterns:
        text = pattern.sub(REMOVED, text)
    return text


def has_nested_repetition(pattern: re.Pattern[str]) -> bool:
    """Return whether a pattern looks as if it could take for ever."""
    return NESTED.search(pattern.pattern) is not None


def _compiled(written: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(written)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"{ALLOWED}: {written!r} is none ({error})") from None
    if pattern.search(""):
        raise ValueError(f"{ALLOWED}: {written!r} matches an empty text")
    return pattern
