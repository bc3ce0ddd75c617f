"""A filtered admin list as CSV, however long it is.

Rows are fetched a page at a time by (moment, primary key), newest first. Memory therefore does
not grow with the list, and no database cursor waits for a slow client. Only the fields that the
columns need are read, and no objects are made of them, which would take half of the time.

The body is an async iterator, because under ASGI Django collects the whole of a synchronous one
before it sends any. It begins with the byte order mark by which Excel recognizes UTF-8; without it
"Jörg" is read as "JÃ¶rg".
"""

from __future__ import annotations

import codecs
import csv
import datetime
import io
import re
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from pathlib import PurePath
from typing import Any, TypeVar

from django.db.models import Q, QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone

from monitor.concurrency import in_thread
from monitor.models import MASKED_FIELDS
from monitor.wire.masking import masked

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
SEPARATORS = re.compile(r"[;,|\t\r\n]")


@dataclass(frozen=True, slots=True)
class Column:
    """The fields that a column is made of, by their paths from the row, and how.

    A column of one field has its value if nothing else is said.
    """

    fields: tuple[str, ...]
    make: Callable[..., object] | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a model's export holds: its columns, and the moment by which its rows are ordered."""

    name: str
    moment: str
    columns: dict[str, Column]


def fields_named(*names: str) -> dict[str, Column]:
    """Return the columns that hold the fields of their own name."""
    return {name: Column((name,)) for name in names}


def download(sheet: Sheet, rows: QuerySet[Any]) -> StreamingHttpResponse:
    """Return all ``rows`` as a file to save. If their callers are masked, they are so in it."""
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
    written: str = WRITTEN.get(type(value), _text)(value)
    return written


def _text(value: object) -> str:
    text = str(value)
    if not text or (text[0].isalnum() and not SEPARATORS.search(text)):
        return text  # most are such, and this is found out three times as fast
    return CELL_BEGINS.sub(r"\g<0>'", text)


def _moment(value: datetime.datetime) -> str:
    return value.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")


#: How values are written, by their type. All others are texts.
WRITTEN: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "",
    bool: lambda value: "true" if value else "false",
    uuid.UUID: str,
    datetime.datetime: _moment,
    datetime.timedelta: lambda value: f"{value.total_seconds():.3f}",
}


async def in_pages(
    rows: QuerySet[Any], moment: str, make: Callable[[list[Any]], Made]
) -> AsyncIterator[Made]:
    """Yield what ``make`` makes of each page of the rows, newest first.

    It runs in the database's thread, because the loop has live audio to carry. The rows may be
    objects, or tuples that begin with their moment and their primary key.
    """
    ordered = rows.order_by(f"-{moment}", "-pk")
    page = ordered
    while True:
        found = await in_thread(_fetch)(page, make)
        if found is None:
            return
        made, last = found
        yield made
        at, key = last[:2] if isinstance(last, tuple) else (getattr(last, moment), last.pk)
        page = ordered.filter(_after(at, key, moment))


def csv_lines(rows: list[list[str]]) -> bytes:
    """Return rows of cells as lines of CSV."""
    text = io.StringIO()
    # Every cell is quoted, so that a program which splits at another separator keeps it whole.
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue().encode()


async def _body(sheet: Sheet, rows: QuerySet[Any]) -> AsyncIterator[bytes]:
    yield CSV_BEGIN + csv_lines([list(sheet.columns)])
    own = [name for one in sheet.columns.values() for name in one.fields]
    fields = list(dict.fromkeys([sheet.moment, "pk", *own]))
    makers = [_maker(one, fields) for one in sheet.columns.values()]
    callers = _callers(fields) if getattr(rows, "is_masked", False) else []
    async for text in in_pages(
        rows.values_list(*fields), sheet.moment, partial(_written, makers, callers)
    ):
        yield text


def _maker(column: Column, fields: list[str]) -> Callable[[Sequence[Any]], object]:
    """Return what makes a column of a row's fields."""
    of = itemgetter(*map(fields.index, column.fields))
    make = column.make
    if make is None:
        return of
    if len(column.fields) == 1:
        return lambda row: make(of(row))
    return lambda row: make(*of(row))


def _callers(fields: list[str]) -> list[int]:
    """Return the places of the fields that are masked."""
    return [place for place, name in enumerate(fields) if name.split("__")[-1] in MASKED_FIELDS]


def _written(
    makers: list[Callable[[Sequence[Any]], object]], callers: list[int], rows: list[Sequence[Any]]
) -> bytes:
    if callers:
        rows = [_masked(row, callers) for row in rows]
    return csv_lines([[cell(make(row)) for make in makers] for row in rows])


def _masked(row: Sequence[Any], callers: list[int]) -> Sequence[Any]:
    """Return a row with its caller masked."""
    values = list(row)
    for place in callers:
        values[place] = masked(values[place])
    return values


def _fetch(page: QuerySet[Any], make: Callable[[list[Any]], Made]) -> tuple[Made, Any] | None:
    """Return what is made of a page of rows, with its last row; None if it has no rows."""
    found = list(page[:PAGE])
    return (make(found), found[-1]) if found else None


def _after(at: Any, key: Any, moment: str) -> Q:
    """Return the condition for what comes after a row. The first part lets an index be used."""
    return Q(**{f"{moment}__lte": at}) & (Q(**{f"{moment}__lt": at}) | Q(pk__lt=key))
