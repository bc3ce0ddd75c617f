"""Finds the text of a page that was not translated.

While a test has ``wrapping``, every translation is wrapped in ⟦ ⟧. Rows that a test makes have
⟪ ⟫ around their texts. What then stands outside both, was written into the page without being
translated.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from unittest import mock

from django.utils.translation import trans_real

CONTEXT = "\x04"  # ends the context that gettext puts before a text
VISIBLE = ("alt", "aria-label", "aria-valuetext", "label", "placeholder", "title")
HIDDEN = ("script", "style")
#: What is the same in every language: names, units, and the words of machines; and two words that
#: Django's templates write in English.
SAME = re.compile(
    r"\bSearch\b|\b(True|False|None)\b|"
    r"Earshot|\bID\b|SignalWire|WebSocket|PCM[UA]|RTP|CSV|UTC|English|Español|"
    r"[0-9a-f]{8}-[0-9a-f-]{27}|\b\d+(\.\d+)?\s(s|ms)\b"
)


def wrap(text: str) -> str:
    return f"⟦{text.rpartition(CONTEXT)[2]}⟧" if text else text


@contextlib.contextmanager
def wrapping() -> Iterator[set[str]]:
    """Wrap whatever is translated, and collect what has no Spanish."""
    spanish = trans_real.translation("es")._catalog  # type: ignore[attr-defined]  # private
    missing = set()

    def gettext(self: object, text: str) -> str:
        if text and spanish.get(text) is None:
            missing.add(text)
        return wrap(text)

    def ngettext(self: object, one: str, many: str, n: int) -> str:
        try:
            spanish.plural(one, n)
        except KeyError:
            missing.add(one)
        return wrap(one if n == 1 else many)

    catalogue = trans_real.DjangoTranslation
    with mock.patch.multiple(catalogue, gettext=gettext, ngettext=ngettext):
        yield missing


class _Page(HTMLParser):
    """The texts of a page: one of all its elements, and those of attributes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.attributes: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in HIDDEN
        given = {name: value or "" for name, value in attrs}
        self.attributes += [given[name] for name in VISIBLE if name in given]
        if tag == "input" and given.get("type") in ("submit", "button", "reset"):
            self.attributes.append(given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in HIDDEN

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.text += f"\n{data}"


def unwrapped(page: str) -> list[str]:
    """Return the texts of a page that have letters, and are neither translated nor data."""
    parser = _Page()
    parser.feed(page)
    rests = [_outside(text) for text in (parser.text, *parser.attributes)]
    lines = [line.strip() for rest in rests for line in rest.split("\n")]
    return [line for line in lines if re.search(r"[^\W\d_]", SAME.sub("", line))]


def _outside(text: str) -> str:
    """Return what is outside all marks. Translations hold values, which may be translations."""
    while text != (less := re.sub(r"⟦[^⟦⟧⟪⟫]*⟧|⟪[^⟦⟧⟪⟫]*⟫", "", text)):
        text = less
    return text
