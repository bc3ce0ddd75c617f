"""How the history is searched while numbers and words are encrypted."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from monitor.models import Call, CallWords
from monitor.services import taps, word_scan
from tests.admin.test_said import CALLS, call, found, shown
from tests.support.keys import NEW
from tests.support.tellings import tell
from tests.support.words import heard
from tests.web.test_no_card_numbers import content

pytestmark = pytest.mark.django_db

NUMBER = "+12025550177"
LISTS = [f"/admin/monitor/{name}/" for name in ("call", "tap", "listensession", "callorder")]


@pytest.fixture(autouse=True)
def _key(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = (NEW,)


def calls_of(client: Client, text: str) -> list[str]:
    answer = client.get(CALLS, {"q": text})
    return [row.call_id for row in answer.context["cl"].result_list]


@pytest.mark.parametrize("text", [NUMBER, NUMBER[1:], NUMBER[2:], "(202) 555-0177"])
def test_a_whole_number_is_found(as_root: Client, text: str) -> None:
    Call.objects.create(call_id="call-1", caller=NUMBER)
    Call.objects.create(call_id="call-2", caller=f"{NUMBER}9")
    assert calls_of(as_root, text) == ["call-1"]


@pytest.mark.parametrize("text", ["+1202", "202555", "0177"])
def test_a_part_of_a_number_is_not(as_root: Client, text: str) -> None:
    Call.objects.create(call_id="call-1", caller=NUMBER)
    assert calls_of(as_root, text) == []


@pytest.mark.parametrize("path", LISTS)
def test_the_page_says_so(as_root: Client, path: str) -> None:
    note = "Numbers are encrypted, so only whole numbers are found."
    assert note in as_root.get(path).content.decode()
    assert note not in as_root.get("/admin/monitor/adminaction/").content.decode()


def test_calls_are_not_ordered_by_number(as_root: Client) -> None:
    changes = as_root.get(CALLS).context["cl"]
    columns = [changes.list_display.index(name) for name in ("caller", "caller_name")]
    for number in range(4):
        Call.objects.create(call_id=f"call-{number}", caller=f"{NUMBER}{number}")
    own = calls_of(as_root, "call-")
    for column in columns:
        answer = as_root.get(CALLS, {"q": "call-", "o": str(column)})
        assert [row.call_id for row in answer.context["cl"].result_list] == own


@pytest.mark.parametrize(
    "typed",
    ["refund", "REFUND", "refu", "refund order", '"my order is"', "café", "予約", "strasse"],
)
def test_words_are_found_as_without_a_key(as_root: Client, typed: str) -> None:
    call("meant", "My order is late.", "You get a refund.", "Im Cafe\u0301 in Straße 7. 明日の予約")
    call("other", "Good morning.", "How are you?")
    CallWords.objects.update(text="")
    assert found(as_root, typed) == ["meant"]


@pytest.mark.parametrize("typed", ["refunded", "efund", '"refu"', '"order my"', "%", "*"])
def test_nothing_else_is(as_root: Client, typed: str) -> None:
    call("one", "My order is late.", "You get a refund.")
    CallWords.objects.update(text="")
    assert found(as_root, typed) == []


def test_the_lines_are_shown(as_root: Client) -> None:
    call("one", "Hello.", "You get a refund.")
    assert shown(as_root, "refund") == ["12:00:01 Agent: You get a <mark>refund</mark>."]


def test_the_page_says_how_far_it_looked_and_what_to_do(
    as_root: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(word_scan, "MOST", 1)
    call("new", "A refund.")
    note = "To search older ones, choose a month or a day first."
    assert note not in as_root.get(CALLS, {"said": "refund"}).content.decode()
    call("old", "A refund.", days=40)
    html = as_root.get(CALLS, {"said": "refund"}).content.decode()
    assert note in html
    assert "a search reads the newest 1 calls" in html
    month = {"created_at__year": "2029", "created_at__month": "11"}
    assert found(as_root, "refund", **month) == ["old"]


@pytest.mark.usefixtures("given_back")
def test_exports_are_in_clear(as_root: Client) -> None:
    call("one", "A refund.")
    opened = taps.open_tap("call-1", caller=NUMBER, caller_name="Ann Lee", reason="She asked.")
    tell(heard("A refund, please.", "call-1"))
    exported = content(as_root.get("/admin/monitor/tap/export.csv"))
    assert f"'{NUMBER}" in exported
    assert "Ann Lee" in exported
    assert opened.tap.control_id in exported
    assert "A refund, please." in content(as_root.get(f"{CALLS}words.csv"))
