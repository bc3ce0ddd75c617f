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
from functools import partial
from operator import attrgetter
from pathlib import PurePath
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone

from monitor.concurrency import in_thread

Made = TypeVar("Made")

PAGE = 500  # rows fetched, and sent, at once; about 0.2 MB of text, and 3 MB of rows
CSV = "text/csv; charset=utf-8"
CSV_BEGIN = codecs.BOM_UTF8

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
    """Return all ``rows`` as a file to save."""
    return attachment(_body(sheet, rows), f"{sheet.name}.csv", CSV)


def attachment(body: AsyncIterator[bytes], name: str, content_type: str) -> StreamingHttpResponse:
    """Return a file to save, whose name has the day (UTC) before its ending."""
    today = timezone.now().astimezone(datetime.UTC).date()
    path = PurePath(name)
    disposition = f'attachment; filename="{path.stem}-{today}{path.suffix}"'
    headers = {"Content-Disposition": disposition}
    return StreamingHttpResponse(body, content_type=content_type, headers=headers)


def cell(value: object) -> str:
    """Return a value as the file holds it.

    Moments are in UTC and durations in seconds. Text has an apostrophe wherever a spreadsheet
    would otherwise find a formula.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, datetime.timedelta):
        return f"{value.total_seconds():.3f}"
    return CELL_BEGINS.sub(r"\g<0>'", str(value))


async def in_pages(
    rows: QuerySet[Any], moment: str, make: Callable[[list[Any]], Made]
) -> AsyncIterator[Made]:
    """Yield what ``make`` makes of each page of the rows, newest first.

    It runs in the database's thread, because the loop has live audio to carry.
    """
    ordered = rows.order_by(f"-{moment}", "-pk")
    page = ordered
    while True:
        found = await in_thread(_fetch)(page, make)
        if found is None:
            return
        made, last = found
        yield made
        page = ordered.filter(_after(last, moment))


def csv_lines(rows: list[list[str]]) -> bytes:
    """Return rows of cells as lines of CSV."""
    text = io.StringIO()
    # Every cell is quoted, so that a program which splits at another separator keeps it whole.
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue().encode()


async def _body(sheet: Sheet, rows: QuerySet[Any]) -> AsyncIterator[bytes]:
    yield CSV_BEGIN + csv_lines([list(sheet.columns)])
    async for text in in_pages(rows, sheet.moment, partial(_written, sheet)):
        yield text


def _written(sheet: Sheet, rows: list[Any]) -> bytes:
    return csv_lines([[cell(of(row)) for of in sheet.columns.values()] for row in rows])


def _fetch(page: QuerySet[Any], make: Callable[[list[Any]], Made]) -> tuple[Made, Model] | None:
    """Return what is made of a page of rows, with its last row; None if it has no rows."""
    found = list(page[:PAGE])
    return (make(found), found[-1]) if found else None


def _after(row: Model, moment: str) -> Q:
    """Return the condition for what comes after a row. The first part lets an index be used."""
    at = getattr(row, moment)
    return Q(**{f"{moment}__lte": at}) & (Q(**{f"{moment}__lt": at}) | Q(pk__lt=row.pk))
