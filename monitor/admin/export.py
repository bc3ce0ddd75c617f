"""A filtered admin list as CSV, however long it is.

Rows are fetched a page at a time by (moment, primary key), newest first, so
neither memory nor a database cursor grows with the list or waits for a slow
client. The body is an async iterator: under ASGI Django would first collect a
synchronous one whole. It begins with the mark by which Excel knows UTF-8; without
it "Jörg" is read as "JÃ¶rg".
"""

from __future__ import annotations

import codecs
import csv
import datetime
import io
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone

from ..live.database import threaded

PAGE = 1000  # rows fetched, and sent, at once; about 0.3 MB of text

#: Signs that make a spreadsheet take a cell for a formula (OWASP, "CSV Injection"), the
#: full-width signs of Asian keyboards included.
SIGNS = "=+\\-@＝＋－＠"
#: Places in a text where a cell may begin. Where a spreadsheet separates cells at a semicolon
#: or a tab, the quotes that the file puts around a text do not hold it together: the second
#: cell of ``"a","Ann;=1+1"`` begins behind the semicolon.
CELL_BEGINS = re.compile(rf'^(?=[\t\r\n])|(?:^|[;,|\t\r\n])[ "]*(?=[{SIGNS}])')


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a model's export holds: its columns, and the moment its rows are ordered by."""

    name: str
    moment: str
    columns: dict[str, Callable[[Any], object]]


def download(sheet: Sheet, rows: QuerySet[Any]) -> StreamingHttpResponse:
    """All ``rows`` as a file to save, named for the list and the day (UTC)."""
    today = timezone.now().astimezone(datetime.UTC).date()
    return StreamingHttpResponse(
        _body(sheet, rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{sheet.name}-{today}.csv"'},
    )


def cell(value: object) -> str:
    """A value as the file holds it: nothing as nothing, moments in UTC, durations in
    seconds, and text with an apostrophe wherever a spreadsheet would find a formula."""
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, datetime.timedelta):
        return f"{value.total_seconds():.3f}"
    return CELL_BEGINS.sub(r"\g<0>'", str(value))


async def _body(sheet: Sheet, rows: QuerySet[Any]) -> AsyncIterator[bytes]:
    yield codecs.BOM_UTF8 + _lines([list(sheet.columns)])
    ordered = rows.order_by(f"-{sheet.moment}", "-pk")
    page = ordered
    while True:
        # In a thread, the formatting too: the loop has live audio to carry.
        text, last = await threaded(_fetch)(sheet, page)
        if last is None:
            return
        yield text
        page = ordered.filter(_after(last, sheet.moment))


def _fetch(sheet: Sheet, page: QuerySet[Any]) -> tuple[bytes, Model | None]:
    """A page of rows as text, and its last row."""
    found = list(page[:PAGE])
    text = _lines([[cell(of(row)) for of in sheet.columns.values()] for row in found])
    return text, found[-1] if found else None


def _after(row: Model, moment: str) -> Q:
    """What comes after a row. The first condition is there for the index."""
    at = getattr(row, moment)
    return Q(**{f"{moment}__lte": at}) & (Q(**{f"{moment}__lt": at}) | Q(pk__lt=row.pk))


def _lines(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    # Every cell quoted: a program that splits at another separator keeps them whole.
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue().encode()
