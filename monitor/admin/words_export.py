"""What was said in the calls of a filtered list, line by line, as CSV or as JSON Lines.

Calls are fetched a page at a time, and the lines of each are made and sent by themselves. Memory
therefore holds the lines of one call, however long the list is.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from monitor.admin.cells import csv_lines
from monitor.admin.export import CSV, CSV_BEGIN, attachment, in_pages
from monitor.concurrency import in_thread
from monitor.models import Call
from monitor.services import conversation
from monitor.services.conversation import Line

#: The columns of the CSV. The text of a tool's line is the tool's name.
COLUMNS: dict[str, Callable[[Line], object]] = {
    "at": lambda line: line.at,
    "side": lambda line: line.side,
    "text": lambda line: line.text,
    "recorded": lambda line: line.recorded,
    "interrupted": lambda line: line.interrupted,
    "error": lambda line: line.is_error,
    "partial": lambda line: line.partial,
    "latency_seconds": lambda line: line.latency,
    "tool_arguments": lambda line: line.tool and line.tool.arguments,
    "tool_result": lambda line: line.tool and line.tool.result,
    "tool_milliseconds": lambda line: line.tool and line.tool.milliseconds,
    "tool_error": lambda line: line.tool and line.tool.error,
}


@dataclass(frozen=True, slots=True)
class Form:
    """How lines are written into a file."""

    content_type: str
    begin: bytes
    write: Callable[[Call, list[Line]], bytes]


def download(ending: str, calls: QuerySet[Call]) -> StreamingHttpResponse:
    """Return the lines of all ``calls``, newest call first, as a file to save."""
    form = FORMS[ending]
    return attachment(_body(form, calls), f"earshot-words.{ending}", form.content_type)


def _as_csv(call: Call, lines: list[Line]) -> bytes:
    columns = [list(map(of, lines)) for of in COLUMNS.values()]
    return csv_lines([[call.call_id] * len(lines), *columns])


def _as_json(call: Call, lines: list[Line]) -> bytes:
    described = ({"call_id": call.call_id, **conversation.describe(line)} for line in lines)
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in described).encode()


FORMS = {
    "csv": Form(CSV, CSV_BEGIN + csv_lines([[name] for name in ("call_id", *COLUMNS)]), _as_csv),
    "jsonl": Form("application/jsonl; charset=utf-8", b"", _as_json),
}


async def _body(form: Form, calls: QuerySet[Call]) -> AsyncIterator[bytes]:
    yield form.begin
    # What the list shows of its calls is not needed: their legs, and how they were found.
    bare = calls.select_related(None).prefetch_related(None)
    async for page in in_pages(
        bare.only("call_id", "created_at", "clock_offset"), "created_at", list
    ):
        for call in page:
            yield await in_thread(_lines_of)(form, call)


def _lines_of(form: Form, call: Call) -> bytes:
    return form.write(call, conversation.of_call(call))
