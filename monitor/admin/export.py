"""A filtered admin list as CSV, however long it is.

Rows are fetched a page at a time by (moment, primary key), newest first. Memory therefore does
not grow with the list, and no database cursor waits for a slow client. The body is an async
iterator, because under ASGI Django collects the whole of a synchronous one before it sends any.
It begins with the byte order mark by which Excel recognizes UTF-8; without it "Jörg" is read as
"JÃ¶rg".
"""

from __future__ import annotations

import codecs
import csv
import datetime
import io
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone

from monitor.concurrency import in_thread

PAGE = 1000  # rows fetched, and sent, at once; about 0.3 MB of text

#: Signs that make a spreadsheet take a cell for a formula (OWASP, "CSV Injection"), with the
#: full-width signs of Asian keyboards.
SIGNS = "=+\\-@＝＋－＠"
#: Places in a text where a cell may begin. The quotes around a text do not keep it together in a
#: spreadsheet that separates cells at a semicolon or a tab: there the second cell of
#: ``"a","Ann;=1+1"`` begins after the semicolon.
CELL_BEGINS = re.compile(rf'^(?=[\t\r\n])|(?:^|[;,|\t\r\n])[ "]*(?=[{SIGNS}])')


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a model's export holds: its columns, and the moment by which its rows are ordered."""

    name: str
    moment: str
    columns: dict[str, Callable[[Any], object]]


def fields_named(*names: str) -> dict[str, Callable[[Any], object]]:
    """Return the columns that hold the fields of their own name."""
    return {name: attrgetter(name) for name in names}


def download(sheet: Sheet, rows: QuerySet[Any]) -> StreamingHttpResponse:
    """Return all ``rows`` as a file to save, named after the list and the day (UTC)."""
    today = timezone.now().astimezone(datetime.UTC).date()
    return StreamingHttpResponse(
        _body(sheet, rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{sheet.name}-{today}.csv"'},
    )


def cell(value: object) -> str:
    """Return a value as the file holds it.

    Moments are in UTC and durations in seconds. Text has an apostrophe wherever a spreadsheet
    would otherwise find a formula.
    """
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
        # Rows are formatted in the thread too, because the loop has live audio to carry.
        text, last = await in_thread(_fetch)(sheet, page)
        if last is None:
            return
        yield text
        page = ordered.filter(_after(last, sheet.moment))


def _fetch(sheet: Sheet, page: QuerySet[Any]) -> tuple[bytes, Model | None]:
    """Return a page of rows as text, with its last row."""
    found = list(page[:PAGE])
    text = _lines([[cell(of(row)) for of in sheet.columns.values()] for row in found])
    return text, found[-1] if found else None


def _after(row: Model, moment: str) -> Q:
    """Return the condition for what comes after a row. The first part lets an index be used."""
    at = getattr(row, moment)
    return Q(**{f"{moment}__lte": at}) & (Q(**{f"{moment}__lt": at}) | Q(pk__lt=row.pk))


def _lines(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    # Every cell is quoted, so that a program which splits at another separator keeps it whole.
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue().encode()
