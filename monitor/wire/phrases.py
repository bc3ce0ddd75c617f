"""Finds phrases in what is said, whatever the case, the punctuation and the accents.

Numbers are the same written and spoken, together and apart: "4 4 1", "four four one" and "441".
A phrase is found as whole words: "art" is not in "party", and 441 is not in 4415.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from monitor.wire.number_words import PART, part_at

#: They are part of a word, and often left out.
APOSTROPHES = re.compile("['\u2018\u2019\u02bc]")
#: These are a zero among digits, and a word elsewhere: "Oh, 441", and Spanish "or".
MAYBE_ZERO = ("oh", "o")


class Phrases:
    """A list of phrases. How long a search in a text takes does not depend on their number."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._phrases = frozenset(filter(None, (tuple(words_of(one)) for one in phrases)))
        self._lengths = sorted({len(phrase) for phrase in self._phrases})
        self._beginnings = {phrase[0] for phrase in self._phrases}

    def are_in(self, text: str) -> bool:
        """Return whether one of the phrases is said in a text."""
        if not self._phrases:
            return False
        words = words_of(text)
        return any(
            tuple(words[first : first + length]) in self._phrases
            for first, word in enumerate(words)
            if word in self._beginnings
            for length in self._lengths
        )


def parse_phrases(text: str) -> tuple[str, ...]:
    """Parse phrases that are separated by semicolons or line breaks, and leave empty ones out."""
    found = [phrase for part in re.split(r"[;\n]", text) if (phrase := part.strip())]
    if not all(map(words_of, found)):
        raise ValueError("phrases with letters or digits, separated by semicolons")
    return tuple(found)


def words_of(text: str) -> list[str]:
    """Return the words of a text without case and accents, and each number as its digits."""
    text = APOSTROPHES.sub("", unicodedata.normalize("NFKC", text))
    words = list(PART.finditer(text))
    found: list[str] = []
    digits, zeros = "", list[str]()  # of the number so far, and words that may belong to it
    index = 0
    while index < len(words):
        word = _folded(words[index][0])
        part, more = part_at(text, words, index)
        index += 1 + more
        if part and digits and word in MAYBE_ZERO:
            zeros.append(word)
        elif part and word not in MAYBE_ZERO:
            digits += "0" * len(zeros) + part.digits
            zeros = []
        else:
            found += [*filter(None, [digits]), *zeros, word]
            digits, zeros = "", []
    return [*found, *filter(None, [digits]), *zeros]


def _folded(word: str) -> str:
    parts = unicodedata.normalize("NFD", word.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))
