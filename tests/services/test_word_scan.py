"""Words are found by reading calls where no index may have them."""

from __future__ import annotations

import datetime

import pytest

from monitor.models import Call, CallWords
from monitor.services import word_scan, word_search
from monitor.services.word_scan import scan
from tests.support.rows import NOW

pytestmark = pytest.mark.django_db


def call(call_id: str, *said: str, days: int = 0) -> Call:
    row = Call.objects.create(call_id=call_id, created_at=NOW - datetime.timedelta(days=days))
    lines = [[place, "caller", text] for place, text in enumerate(said)]
    CallWords.objects.create(call=row, lines=lines, text="")
    return row


def found(typed: str) -> list[str]:
    keys = scan(Call.objects.all(), word_search.parse(typed)).found
    return [Call.objects.get(pk=key).call_id for key in keys]


def test_words_may_be_in_several_lines_but_not_go_over_into_one_another() -> None:
    call("one", "My order", "is late.")
    assert found("late order") == ["one"]
    assert found("rderis") == []
    assert found('"order is"') == ["one"]  # as the index has it


def test_the_newest_are_read_and_it_is_told_how_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_scan, "MOST", 2)
    rows = [call(f"{days} days ago", "A refund.", days=days) for days in (3, 1, 2)]
    scanned = scan(Call.objects.all(), word_search.parse("refund"))
    assert scanned.found == [rows[1].pk, rows[2].pk]
    assert scanned.since == rows[2].created_at


def test_nothing_is_told_where_all_were_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_scan, "MOST", 2)
    call("one", "A refund.")
    call("two", "A refund.")
    Call.objects.create(call_id="without words")
    assert scan(Call.objects.all(), word_search.parse("refund")).since is None


def test_only_the_given_calls_are_read() -> None:
    call("old", "A refund.", days=9)
    call("new", "A refund.")
    old = Call.objects.filter(created_at__lt=NOW)
    assert len(scan(old, word_search.parse("refund")).found) == 1


def test_without_a_word_nothing_is_found() -> None:
    call("one", "A refund.")
    assert found("!?") == []
