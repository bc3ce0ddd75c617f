"""The report of who listened to what, in the admin."""

from __future__ import annotations

import csv
import datetime
import io
import json
from http import HTTPStatus
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.utils import timezone

from monitor.models import LedgerKind
from monitor.services import ledger, listen_reports
from tests.support.ledger import entries
from tests.support.listening import listened

REPORT = "/admin/monitor/ledgerentry/listened"
JANUARY = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("given_back")]


@pytest.fixture(autouse=True)
def _some(monkeypatch: pytest.MonkeyPatch) -> None:
    """Alice listened to a call on the 1st and the 2nd of January, and carol to it on the 3rd."""
    for day, name in enumerate(("alice", "alice", "carol")):
        at = JANUARY + datetime.timedelta(days=day)
        with monkeypatch.context() as patch:
            patch.setattr(timezone, "now", lambda at=at: at)
            listened(day + 1, name, ends={"reason": "=1+1"} if name == "carol" else {})
    listened(4, "alice", "call-2")


def shown(client: Client, **asked: str) -> list[int]:
    """Return the sessions that the page shows."""
    answer = client.get(f"{REPORT}/", asked)
    assert answer.status_code == HTTPStatus.OK
    return [row.of.session_id for row in answer.context["rows"]]


def saved(client: Client, ending: str, **asked: str) -> str:
    answer: Any = client.get(f"{REPORT}.{ending}", asked)

    async def whole() -> bytes:
        return b"".join([part async for part in answer])

    return async_to_sync(whole)().decode("utf-8-sig")


def test_what_a_person_listened_to(as_bob: Client) -> None:
    assert shown(as_bob, person="alice") == [4, 2, 1]


def test_who_listened_to_a_call(as_bob: Client) -> None:
    assert shown(as_bob, call="call-1") == [3, 2, 1]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"since": "2026-01-02"}, [3, 2]),
        ({"until": "2026-01-02"}, [2, 1]),
        ({"since": "2026-01-02", "until": "2026-01-02"}, [2]),
        ({"person": "alice"}, [2, 1]),
    ],
)
def test_it_is_narrowed_by_days_and_by_both(
    as_bob: Client, asked: dict[str, str], found: list[int]
) -> None:
    assert shown(as_bob, call="call-1", **asked) == found


def test_why_they_listened_is_on_the_page_and_in_both_files(as_bob: Client) -> None:
    listened(9, "dave", begins={"reason": "=a <complaint>"})
    page = as_bob.get(f"{REPORT}/", {"person": "dave"}).content.decode()
    assert "<td>=a &lt;complaint&gt;</td>" in page
    [row] = csv.DictReader(io.StringIO(saved(as_bob, "csv", person="dave")))
    assert row["reason"] == "'=a <complaint>"
    assert json.loads(saved(as_bob, "jsonl", person="dave"))["reason"] == "=a <complaint>"


def test_what_was_heard_in_all(as_bob: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen_reports, "PAGE", 2)
    page = as_bob.get(f"{REPORT}/", {"call": "call-1"}).content.decode()
    assert "3 listenings: 0:03:00 of sound were sent, 0:02:30 were heard." in page


def test_it_asks_for_a_name_or_a_call(as_bob: Client) -> None:
    page = as_bob.get(f"{REPORT}/", {"since": "2026-01-01"}).content.decode()
    assert "Enter a user name or a call ID." in page
    assert as_bob.get(f"{REPORT}.csv").status_code == HTTPStatus.NOT_FOUND


def test_a_listening_that_goes_on_has_no_end(as_bob: Client) -> None:
    ledger.append([ledger.Entry(LedgerKind.LISTEN_BEGAN, username="dave", listen=9)])
    [row] = as_bob.get(f"{REPORT}/", {"person": "dave"}).context["rows"]
    assert (row.of.ended_at, row.of.seconds_sent) == (None, None)


def test_one_whose_server_was_killed_ended_with_its_last_heartbeat(as_bob: Client) -> None:
    listened(9, "dave", ends={"seen_at": "2026-01-01T00:00:00+00:00"})
    [row] = as_bob.get(f"{REPORT}/", {"person": "dave"}).context["rows"]
    assert row.of.ended_at == datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def test_it_is_saved_as_csv_without_formulas(as_bob: Client) -> None:
    [row] = csv.DictReader(io.StringIO(saved(as_bob, "csv", person="carol")))
    assert (row["session_id"], row["seconds_acknowledged"]) == ("3", "50.0")
    assert (row["began_at"], row["end_reason"]) == ("2026-01-03T12:00:00Z", "'=1+1")


def test_it_is_saved_as_json_lines(as_bob: Client) -> None:
    lines = [json.loads(line) for line in saved(as_bob, "jsonl", call="call-1").splitlines()]
    assert [one["session_id"] for one in lines] == [3, 2, 1]
    assert (lines[0]["began_at"], lines[0]["read_words"]) == ("2026-01-03T12:00:00Z", True)


def test_who_asks_for_it_and_saves_it_is_in_the_ledger(as_bob: Client) -> None:
    shown(as_bob, person="alice")
    saved(as_bob, "csv", person="alice")
    [read], [exported] = entries(LedgerKind.LEDGER_READ), entries(LedgerKind.EXPORTED)
    assert json.loads(read.details) == {"report": "person=alice"}
    assert json.loads(exported.details)["rows"] == "listened.csv: person=alice"


def test_it_is_for_who_may_read_the_ledger(staff: Client) -> None:
    for path in ("/", ".csv"):
        answer = staff.get(f"{REPORT}{path}", {"person": "alice"})
        assert answer.status_code == HTTPStatus.FORBIDDEN
