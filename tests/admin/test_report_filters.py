"""The history's filters by what is known of a call when it is over."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client

from monitor.admin import search
from monitor.models import Call, CallReport, CallTool, CallWords

pytestmark = pytest.mark.django_db

CALLS = "/admin/monitor/call/"


def call(call_id: str, tool: str = "", **figures: Any) -> None:
    row = Call.objects.create(call_id=call_id)
    none = {"turns": 0, "interruptions": 0, "errors": 0}
    CallReport.objects.create(call=row, **{**none, **figures})
    CallWords.objects.create(call=row, lines=[], text="")
    if tool:
        CallTool.objects.create(call=row, name=tool, uses=1, failures=0)


@pytest.fixture(params=[0, 2000], ids=["many", "few"])
def _calls(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make calls; they are found in the way for many rows, and in the way for few."""
    monkeypatch.setattr(search, "FEW", request.param)
    call("short", "book", errors=2, ended_by="caller", minutes=0.5)
    call("long", "transfer", interruptions=1, ended_by="assistant", minutes=15)
    call("dear", input_tokens=49_000, output_tokens=1000)
    Call.objects.create(call_id="unknown")


@pytest.mark.usefixtures("_calls")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("tool=book", {"short"}),
        ("errors=yes", {"short"}),
        ("errors=no", {"long", "dear"}),
        ("interruptions=yes", {"long"}),
        ("interruptions=no", {"short", "dear"}),
        ("ended_by=caller", {"short"}),
        ("words=yes", {"short", "long", "dear"}),
        ("words=no", {"unknown"}),
        ("minutes=0-1", {"short"}),
        ("minutes=1-5", set()),
        ("minutes=15-", {"long"}),
        ("tokens=10000", {"dear"}),
        ("tokens=50000", {"dear"}),
        ("tokens=200000", set()),
        ("errors=yes&ended_by=assistant", set()),
        ("minutes=soon", {"short", "long", "dear", "unknown"}),
        ("tokens=all", {"short", "long", "dear", "unknown"}),
        ("errors=maybe", {"short", "long", "dear", "unknown"}),
    ],
)
def test_it_lists_those_calls(as_root: Client, query: str, expected: set[str]) -> None:
    answer = as_root.get(f"{CALLS}?{query}")
    assert answer.status_code == HTTPStatus.OK
    assert {row.call_id for row in answer.context["cl"].result_list} == expected


@pytest.mark.usefixtures("_calls")
def test_it_offers_what_there_is(as_root: Client) -> None:
    html = as_root.get(CALLS).content.decode()
    for choice in ("?tool=book", "?tool=transfer", "?ended_by=caller", "?ended_by=assistant"):
        assert choice in html
