"""Finds calls by what was said in them where words are encrypted, and so are in no index.

The words of the newest calls are decrypted and read, a part at a time. How many that may be is
bounded, because a server carries live audio meanwhile.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from monitor.models import Call
from monitor.services.word_search import Term, indexed, letters

MOST = 5_000  # calls that are read
PART = 250  # calls in memory at once


@dataclass(frozen=True, slots=True)
class Scan:
    """Which calls were found, and how far back calls were read: ``since`` is None if all were."""

    found: list[int]
    read: int
    since: datetime.datetime | None


def scan(calls: QuerySet[Call], terms: Sequence[Term]) -> Scan:
    """Read the newest of these calls with words, and return those in which all terms were said.
    Without a term none is."""
    if not terms:
        return Scan([], 0, None)
    known = calls.filter(words__isnull=False).order_by("-created_at", "-pk")
    rows = known.values_list("pk", "created_at", "words__lines")
    newest: Iterable[Any] = itertools.islice(rows.iterator(chunk_size=PART), MOST + 1)
    found: list[int] = []
    read, since = 0, None
    for pk, created_at, lines in newest:
        if read == MOST:
            return Scan(found, read, since)
        read, since = read + 1, created_at
        if _has_all([text for _, _, text in lines], terms):
            found.append(pk)
    return Scan(found, read, None)


def _has_all(texts: list[str], terms: Sequence[Term]) -> bool:
    """Return whether all terms were said. Most calls lack even the letters of one of them, which
    is seen in a fraction of the time."""
    said = letters(" ".join(texts))
    likely = all("".join(term.words) in said for term in terms)
    return likely and all(_has(texts, term) for term in terms)


def _has(texts: list[str], term: Term) -> bool:
    """Return whether a term was said. Words of a phrase may be in lines that follow each other, a
    single word is in one line, and so the others need not be taken apart."""
    if len(term.words) == 1:
        texts = [text for text in texts if term.words[0] in letters(text)]
    return term.is_in(f" {indexed(texts)} ")
