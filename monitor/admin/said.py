"""The lines of a call in which a search finds its words, in the history's list."""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from monitor.models import CallWords
from monitor.services import word_search
from monitor.services.word_search import Term, Word

SHOWN = 3  # lines of a call
AROUND = 70  # characters of a line, at most, before the first mark and after it
SPEAKERS = {"caller": _("Caller"), "agent": _("Agent")}


@dataclass(frozen=True, slots=True)
class _Hit:
    """A line that has some of what is looked for, and where it has each term."""

    at: int  # milliseconds since 1970
    side: str
    text: str
    marks: dict[Term, list[tuple[int, int]]]


def cell(words: CallWords, typed: str) -> SafeString:
    """Return the lines that have most of what was looked for, each with a link to its moment."""
    terms = word_search.parse(typed)
    found = []
    for at, side, text in words.lines:
        text = unicodedata.normalize("NFC", text)
        marks = _marks(text, terms)
        if marks:
            found.append(_Hit(int(at), side, text, marks))
    best = sorted(_best(found), key=attrgetter("at"))
    items = [
        (_moment(words.call_id, hit.at), SPEAKERS.get(hit.side, hit.side), _snippet(hit))
        for hit in best
    ]
    shown = format_html_join("", "<li>{} <span>{}:</span> {}</li>", items)
    more = len(found) - len(best)
    if more:
        text = ngettext("and in %(n)s more line", "and in %(n)s more lines", more) % {"n": more}
        shown += format_html('<li class="said-more">{}</li>', text)
    return format_html('<ul class="said">{}</ul>', shown)


def _best(hits: Sequence[_Hit]) -> list[_Hit]:
    """Return the hits that are shown: each has most of what those before it lack, or of all of it
    where they lack nothing, and the earlier of two that are as good is taken."""
    best: list[_Hit] = []
    left, missing = list(hits), {term for hit in hits for term in hit.marks}
    while left and len(best) < SHOWN:
        hit = max(left, key=lambda hit: (len(missing & hit.marks.keys()), len(hit.marks)))
        missing = missing - hit.marks.keys()
        left.remove(hit)
        best.append(hit)
    return best


def _marks(text: str, terms: Sequence[Term]) -> dict[Term, list[tuple[int, int]]]:
    """Return where a line has each of the terms that it has."""
    words: list[Word] = list(word_search.words_of(text))
    forms = [word.form for word in words]
    joined = f" {' '.join(forms)} "
    marks = {}
    for term in terms:
        if term.is_in(joined):  # most lines have none, which this finds out soonest
            sizes = enumerate(term.length_at(forms, at) for at in range(len(forms)))
            places = [(at, size) for at, size in sizes if size]
            marks[term] = [(words[at].begin, words[at + size - 1].end) for at, size in places]
    return marks


def _snippet(hit: _Hit) -> SafeString:
    """Return a line, shortened around its first mark, with all marks in it."""
    text, marks = hit.text, sorted(mark for places in hit.marks.values() for mark in places)
    begin = _cut(text, max(0, marks[0][0] - AROUND))
    end = min(len(text), marks[0][1] + AROUND)
    end = len(text) if end == len(text) else max(marks[0][1], text.rfind(" ", 0, end))
    parts = ["… " if begin else ""]
    at = begin
    for first, last in marks:
        if at <= first and last <= end:
            parts += [text[at:first], format_html("<mark>{}</mark>", text[first:last])]
            at = last
    parts += [text[at:end], " …" if end < len(text) else ""]
    return format_html_join("", "{}", ((part,) for part in parts))


def _cut(text: str, begin: int) -> int:
    """Return where the first whole word from there on begins."""
    space = text.find(" ", begin, begin + AROUND) if begin else -1
    return space + 1 if space >= 0 else begin


def _moment(call_id: int, milliseconds: int) -> SafeString:
    """Return the time of a line as a link to that moment on the page of its call."""
    at = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC)
    return format_html(
        '<a href="{}#at={}" title="{}">{}</a>',
        reverse("call", args=[call_id]),
        milliseconds,
        gettext("Go to this moment of the call"),
        f"{timezone.localtime(at):%H:%M:%S}",
    )
