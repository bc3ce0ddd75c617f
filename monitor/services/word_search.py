"""Finds calls by the words that were said in them.

Words are compared without case and accents. What is indexed and what is looked for are taken apart
by the same function, so that PostgreSQL, SQLite and the marks on the page agree on what a word is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Lookup

from monitor.models import CallWords

#: PostgreSQL keeps at most 1 MB of a text's words. A call that is longer is searched up to here,
#: which is about ten hours of talk.
MAX_INDEXED = 400_000  # characters
MAX_WORD = 64  # characters that are compared of a word
MAX_TERMS = 20  # that are looked for
#: A shorter word is looked for as it is: "a*" would find every call, and takes long to do so.
PREFIX_FROM = 3  # characters

#: Thai, Lao, kana and Han, which are written without spaces: each character is taken as a word,
#: and several that were typed together as a phrase.
UNSPACED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
WORD = re.compile(rf"[{UNSPACED}]|(?:(?![{UNSPACED}])[^\W_])+")
LETTERS = re.compile(r"[^\W_]+")
TYPED = re.compile(r'"([^"]*)"?|([^\s"]+)')

MERGED = 500  # pages that FTS5 merges in one transaction

FTS_TABLE = "monitor_callwords_fts"
FTS_SEARCH = (
    "{0}.call_id IN (SELECT rowid FROM monitor_callwords_fts WHERE monitor_callwords_fts MATCH %s)"
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text: where it is, and the form in which it is compared."""

    begin: int
    end: int
    form: str


@dataclass(frozen=True, slots=True)
class Term:
    """Words that must follow each other. The last may be only the beginning of a word."""

    words: tuple[str, ...]
    is_prefix: bool

    def length_at(self, forms: list[str], index: int) -> int:
        """Return how many words of a text this term takes at that place; 0 if it is not there."""
        size = len(self.words)
        last = forms[index + size - 1] if index + size <= len(forms) else ""
        if not last or tuple(forms[index : index + size - 1]) != self.words[:-1]:
            return 0
        same = last.startswith(self.words[-1]) if self.is_prefix else last == self.words[-1]
        return size if same else 0

    def is_in(self, words: str) -> bool:
        """Return whether a text has this term. ``words`` are those that are indexed of it, with a
        space before each and after the last."""
        return f" {' '.join(self.words)}{'' if self.is_prefix else ' '}" in words


def words_of(text: str) -> Iterator[Word]:
    """Yield the words of a text."""
    for found in WORD.finditer(text):
        if form := _form(found[0])[:MAX_WORD]:
            yield Word(found.start(), found.end(), form)


def _form(word: str) -> str:
    if word.isascii():  # has no accents; this takes a seventh of the time
        return word.lower()
    parts = unicodedata.normalize("NFKD", word).casefold()
    return "".join(filter(str.isalnum, parts))


def letters(text: str) -> str:
    """Return the letters and digits of all words of a text together, in the compared form."""
    parts = unicodedata.normalize("NFKD", text).casefold()
    return "".join(LETTERS.findall(parts))


def indexed(texts: list[str]) -> str:
    """Return the words of a call's lines as they are indexed."""
    joined = " ".join(word.form for text in texts for word in words_of(text))
    return joined[:MAX_INDEXED]


def parse(typed: str) -> list[Term]:
    """Return what a person looks for: words, of which each may begin a longer one, and phrases in
    quotation marks."""
    terms = []
    for quoted, plain in TYPED.findall(unicodedata.normalize("NFC", typed)):
        words = tuple(word.form for word in words_of(quoted or plain))
        if words:
            is_prefix = not quoted and len(words[-1]) >= PREFIX_FROM
            terms.append(Term(words, is_prefix))
    return terms[:MAX_TERMS]


def has_index() -> bool:
    """Return whether words are looked up in an index. SQLite may lack FTS5, or have lacked it when
    the tables were made; then the words of all calls are read."""
    if connection.vendor != "sqlite":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM sqlite_master WHERE name = %s", [FTS_TABLE])
        return cursor.fetchone() is not None


def forget_deleted() -> None:
    """Remove the words of deleted calls from FTS5's table for good.

    It only marks them as deleted until it merges its parts. Each step is a transaction of its own,
    so that a running server does not have to wait long. PostgreSQL does the same in its VACUUM.
    """
    if connection.vendor != "sqlite" or not has_index():
        return
    with connection.cursor() as cursor:
        pages = -MERGED  # a negative number makes it begin with all parts
        while True:
            cursor.execute("SELECT total_changes()")
            (before,) = cursor.fetchone()
            cursor.execute(
                "INSERT INTO monitor_callwords_fts (monitor_callwords_fts, rank)"
                " VALUES ('merge', %s)",
                [pages],
            )
            cursor.execute("SELECT total_changes()")
            (after,) = cursor.fetchone()
            if after - before < 2:  # as FTS5's documentation has it: nothing was left to merge
                return
            pages = MERGED


@contextmanager
def by_index() -> Iterator[None]:
    """Have searches in this block answered from the index.

    PostgreSQL takes it for cheap to compare a call's vector, and does not reckon that it must fetch
    the vector first: it would read 200,000 calls in 1.8 s to find two frequent words, which the
    index answers in 7 ms.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        yield
        cursor.execute("SET LOCAL enable_seqscan = on")


@CallWords._meta.get_field("text").register_lookup
class Said(Lookup):
    """``text__said="refund"``: all that a person typed was said in the call."""

    lookup_name = "said"

    def as_postgresql(self, compiler: Any, connection: object) -> tuple[str, list[str]]:
        """Return the condition that the index on ``vector`` answers."""
        query = " & ".join(map(_tsquery, parse(self.rhs)))
        return f"{self._table(compiler)}.vector @@ to_tsquery('simple', %s)", [query]

    def as_sqlite(self, compiler: Any, connection: object) -> tuple[str, list[str]]:
        """Return the condition that FTS5 answers, or one that every row must be read for."""
        terms = parse(self.rhs)
        if has_index():
            return FTS_SEARCH.format(self._table(compiler)), [" AND ".join(map(_fts_query, terms))]
        text = f"' ' || {self._table(compiler)}.text || ' ' LIKE %s"
        return "(" + " AND ".join([text] * len(terms)) + ")", [_pattern(term) for term in terms]

    def _table(self, compiler: Any) -> str:
        return str(compiler.quote_name_unless_alias(self.lhs.alias))


def _tsquery(term: Term) -> str:
    words = [*term.words[:-1], term.words[-1] + ":*" * term.is_prefix]
    return f"({' <-> '.join(words)})"


def _fts_query(term: Term) -> str:
    return f'"{" ".join(term.words)}"' + "*" * term.is_prefix


def _pattern(term: Term) -> str:
    return f"% {' '.join(term.words)}{'' if term.is_prefix else ' '}%"
