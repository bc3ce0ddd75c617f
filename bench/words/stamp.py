"""Stamps: each line that is told carries the time at which it was told, in ms of Unix time.

It is written in letters, because digits may be taken for a card number and not be shown.
``observer.js`` reads the same.
"""

from __future__ import annotations

MARK = b"told at "
LETTERS = 11  # of a stamp
_DIGITS, _LETTERS = "0123456789abcdef", "abcdefghijklmnop"
_AS_LETTERS = str.maketrans(_DIGITS, _LETTERS)
_AS_DIGITS = bytes.maketrans(_LETTERS.encode(), _DIGITS.encode())


def stamped(sentence: str, at: float) -> str:
    """Return a sentence with the time at which it is told, in seconds of Unix time."""
    letters = f"{round(at * 1000):0{LETTERS}x}".translate(_AS_LETTERS)
    return f"{sentence}, {MARK.decode()}{letters}."


def told_at(data: bytes, begin: int, end: int) -> float | None:
    """Return when the first line in ``data[begin:end]`` was told, or None if it has no stamp."""
    at = data.find(MARK, begin, end)
    if at < 0:
        return None
    at += len(MARK)
    return int(data[at : at + LETTERS].translate(_AS_DIGITS), 16) / 1000
