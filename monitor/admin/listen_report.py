"""The report of who listened: to a call, or what a person listened to, on a page and as a file."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from django import forms
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from monitor.admin.cells import cell, csv_lines
from monitor.admin.columns import moment
from monitor.admin.export import CSV, CSV_BEGIN, attachment, in_pages
from monitor.models import LedgerEntry
from monitor.services import listen_reports, stored_words
from monitor.services.listen_reports import Listening

LISTED = 200  # listenings that the page shows; the files have all
COLUMNS = tuple(field.name for field in dataclasses.fields(Listening))


class Day(forms.DateInput):
    """Is chosen in the browser's own calendar."""

    input_type = "date"


class ReportForm(forms.Form):
    """Asks whose listening the report is of, or to which call, and of which days."""

    person = forms.CharField(label=_("User name"), max_length=150, required=False)
    call = forms.CharField(label=_("Call ID"), max_length=255, required=False)
    since = forms.DateField(label=_("From"), required=False, widget=Day)
    until = forms.DateField(label=_("To and including"), required=False, widget=Day)

    def clean(self) -> dict[str, Any]:
        asked = self.cleaned_data
        if not self.errors and not (asked.get("person") or asked.get("call")):
            raise forms.ValidationError(_("Enter a user name or a call ID."))
        return asked

    def find(self, entries: QuerySet[LedgerEntry]) -> QuerySet[LedgerEntry]:
        """Return the beginnings of the listenings that are asked for, newest first."""
        asked = self.cleaned_data
        found = listen_reports.begun(entries).order_by("-at", "-pk")
        if asked["person"]:
            found = found.filter(username=asked["person"])
        if asked["call"]:
            found = found.filter(call_id=asked["call"])
        if asked["since"]:
            found = found.filter(at__gte=_midnight(asked["since"]))
        if asked["until"]:
            found = found.filter(at__lt=_midnight(asked["until"] + datetime.timedelta(days=1)))
        return found


class Row(NamedTuple):
    """A listening as the page shows it."""

    of: Listening
    began: SafeString
    ended: SafeString
    why: str


def row(listening: Listening) -> Row:
    """Return a listening with its moments and the reason of its end as a reader's language has
    them."""
    return Row(
        listening,
        moment(listening.began_at),
        moment(listening.ended_at, after=listening.began_at),
        stored_words.translate(listening.end_reason),
    )


@dataclass(frozen=True, slots=True)
class Form:
    """How listenings are written into a file."""

    content_type: str
    begin: bytes
    write: Callable[[Sequence[Listening]], bytes]


def download(ending: str, beginnings: QuerySet[LedgerEntry]) -> StreamingHttpResponse:
    """Return all listenings that begin with these entries, newest first, as a file to save."""
    form = FORMS[ending]
    return attachment(_body(form, beginnings), f"earshot-listened.{ending}", form.content_type)


async def _body(form: Form, beginnings: QuerySet[LedgerEntry]) -> Any:
    yield form.begin
    async for written in in_pages(beginnings, "at", partial(_written, form)):
        yield written


def _written(form: Form, beginnings: list[LedgerEntry]) -> bytes:
    return form.write(listen_reports.listenings(beginnings))


def _as_csv(rows: Sequence[Listening]) -> bytes:
    return csv_lines([[getattr(one, name) for one in rows] for name in COLUMNS])


def _as_json(rows: Sequence[Listening]) -> bytes:
    lines = (json.dumps(dataclasses.asdict(one), default=_plain) + "\n" for one in rows)
    return "".join(lines).encode()


def _plain(value: Any) -> str:
    return cell(value) if isinstance(value, datetime.datetime) else str(value)


FORMS = {
    "csv": Form(CSV, CSV_BEGIN + csv_lines([[name] for name in COLUMNS]), _as_csv),
    "jsonl": Form("application/jsonl; charset=utf-8", b"", _as_json),
}


def _midnight(day: datetime.date) -> datetime.datetime:
    """Return the beginning of a day in the zone of the reader."""
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time()))
