"""Reads numbers in a text, written or spoken: "441", "four four one", "double four", "forty-one".

The words are English and Spanish. Bigger ones, such as hundred, are not read: nobody says a card
number or a code so.
"""

from __future__ import annotations

import re
from typing import NamedTuple


def _counted(words: str, first: int) -> dict[str, str]:
    """Return the number that each word means: the first of them ``first``, the next one more."""
    return {word: str(n) for n, word in enumerate(words.split(), first)}


UNITS = {
    **_counted("zero one two three four five six seven eight nine", 0),
    **_counted("cero uno dos tres cuatro cinco seis siete ocho nueve", 0),
    **dict.fromkeys(("oh", "o", "nought", "naught", "nil"), "0"),
    "niner": "9",
}
#: Words that are two digits.
TEENS = {
    **_counted("ten eleven twelve thirteen fourteen fifteen", 10),
    **_counted("sixteen seventeen eighteen nineteen", 16),
    **_counted("diez once doce trece catorce quince", 10),
    **_counted("dieciséis diecisiete dieciocho diecinueve", 16),
    **_counted("veintiuno veintidós veintitrés veinticuatro veinticinco", 21),
    **_counted("veintiséis veintisiete veintiocho veintinueve", 26),
    # Not everybody writes the accents.
    "dieciseis": "16",
    "veintidos": "22",
    "veintitres": "23",
    "veintiseis": "26",
}
TENS = {
    **_counted("twenty thirty forty fifty sixty seventy eighty ninety", 2),
    **_counted("veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa", 2),
}
TIMES = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4, "doble": 2}

#: The words without which there is no number, unless it is written in digits.
NUMBERS = frozenset({*UNITS, *TEENS, *TENS})

PART = re.compile(r"\d+|[^\W\d_]+")


class Part(NamedTuple):
    """A piece of a number: where it is in the text, and its digits."""

    start: int
    end: int
    digits: str


def has_parts(text: str) -> bool:
    """Return whether a text may have any part of a number, which most sentences have not."""
    return any(word.isdecimal() or word.lower() in NUMBERS for word in PART.findall(text))


def part_at(text: str, words: list[re.Match[str]], index: int) -> tuple[Part | None, int]:
    """Return what a word is of a number, if anything, and how many words after it belong to it."""
    word = words[index]
    if touches(text, word):
        return None, 0
    if word[0].isdecimal():
        return Part(word.start(), word.end(), "".join(str(int(one)) for one in word[0])), 0
    said = word[0].lower()
    if said in UNITS or said in TEENS:
        return Part(word.start(), word.end(), UNITS.get(said) or TEENS[said]), 0
    after = _next_unit(text, words, index, "y" if said in TENS else "")
    if said in TENS:
        if after is None or after[0] == "0":
            return Part(word.start(), word.end(), TENS[said] + "0"), 0
        digit, count = after
        return Part(word.start(), words[index + count].end(), TENS[said] + digit), count
    if said in TIMES and after is not None:
        digit, count = after
        return Part(word.start(), words[index + count].end(), digit * TIMES[said]), count
    return None, 0


def _next_unit(
    text: str, words: list[re.Match[str]], index: int, joint: str
) -> tuple[str, int] | None:
    """Return the single digit right after a word, perhaps joined to it by another word, and how
    many words further it is."""
    for count in (1, 2):
        if index + count >= len(words):
            return None
        word = words[index + count]
        if text[words[index + count - 1].end() : word.start()] not in (" ", "-"):
            return None
        digit = UNITS.get(word[0].lower(), word[0])
        if len(digit) == 1 and digit.isdecimal() and not touches(text, word):
            return str(int(digit)), count
        if word[0].lower() != joint:
            return None
    return None


def touches(text: str, word: re.Match[str]) -> bool:
    """Return whether letters touch digits here, as in "4x4", or a plus begins a phone number."""
    before = text[max(0, word.start() - 1) : word.start()]
    after = text[word.end() : word.end() + 1]
    return before == "+" or before.isalnum() or after.isalnum()
