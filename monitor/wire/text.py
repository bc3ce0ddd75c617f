"""Makes texts of strangers fit to be stored and shown."""

from __future__ import annotations

import re

#: NUL and half surrogate pairs, which no database takes, and the characters that turn the
#: direction of the text around them (UAX #9): a caller's name must not rewrite its page.
UNSTORABLE = re.compile("[\x00\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def storable(text: str) -> str:
    """Return the text, in which U+FFFD replaces each character that must not be stored."""
    return UNSTORABLE.sub("\ufffd", text)
