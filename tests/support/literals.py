"""Finds the visible words in a template's source that no tag of Django's i18n translates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from django.template.base import Lexer, Token, TokenType

VISIBLE = ("alt", "aria-label", "aria-valuetext", "label", "placeholder", "title")
#: Names, units and times of day that are the same in every language.
SAME = re.compile(r"\bEarshot\b|\b\d+(\.\d+)?\s?(s|ms|min)\b")
#: A variable that is written as a number, and may have a unit after it.
NUMBER = re.compile(r"\|floatformat\b")
#: A text in a tag or a filter, unless it stands in _( ) or is the pattern of a date.
TEXT = re.compile(r"""(?<!_\()(?<!date:)(?P<quote>["'])(?P<text>.*?)(?P=quote)""")
#: These tags hold names of files, addresses and languages, or are the i18n's own.
OTHER_TAGS = re.compile(r"(translate|blocktranslate|extends|static|url|load|if|elif|comment)\b")
#: What follows these is translated, or no text.
NO_WORDS = ("blocktranslate", "plural", "comment")
SENTENCE = re.compile(r"^[A-Z][a-z’]+|[a-z’]{2,} [a-z’]+ ")


def untranslated(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each visible word that is written straight into a template."""
    page = _Visible()
    page.feed(_without_tags(source))
    yield from page.found
    for token in Lexer(source).tokenize():
        if token.token_type in (TokenType.VAR, TokenType.BLOCK):
            yield from ((token.lineno or 0, text) for text in _texts_of(token))


def _without_tags(source: str) -> str:
    """Return a template's HTML on its own lines, without what is between i18n's tags."""
    html, line, is_translated = "", 1, False
    for token in Lexer(source).tokenize():
        html += "\n" * ((token.lineno or line) - line)
        line = token.lineno or line
        if token.token_type == TokenType.TEXT:
            html += re.sub(r"[^\n]", "", token.contents) if is_translated else token.contents
            line += token.contents.count("\n")
        elif token.token_type == TokenType.VAR:
            html += "0" if NUMBER.search(token.contents) and not is_translated else ""
        elif token.token_type == TokenType.BLOCK:
            name = token.contents.split()[0]
            is_translated = name in NO_WORDS or token.contents == "block body_class"
    return html


def _texts_of(token: Token) -> Iterator[str]:
    if not OTHER_TAGS.match(token.contents):
        texts = (found["text"] for found in TEXT.finditer(token.contents))
        yield from (text for text in texts if SENTENCE.search(text))


class _Visible(HTMLParser):
    """Collects the words that people see or hear, with their lines."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str]] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("script", "style")
        given = {name: value or "" for name, value in attrs}
        for name in VISIBLE:
            self._check(given.get(name, ""))
        if tag == "input" and given.get("type") in ("submit", "button", "reset"):
            self._check(given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._check(data)

    def _check(self, text: str) -> None:
        if re.search(r"[^\W\d_]", SAME.sub("", text)):
            above = text[: len(text) - len(text.lstrip())].count("\n")
            self.found.append((self.getpos()[0] + above, text.strip()))
