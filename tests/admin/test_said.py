"""How the history is searched by what was said, and what the list shows of it."""

from __future__ import annotations

import datetime
import re
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitor.admin import lists, search
from monitor.models import Call, CallWords
from monitor.services import word_search
from tests.support.markup import refused
from tests.support.rows import NOW

pytestmark = pytest.mark.django_db

CALLS = "/admin/monitor/call/"


def call(call_id: str, *said: str, days: int = 0) -> Call:
    """Keep a call with these words of its caller and its agent in turns, a second apart."""
    row = Call.objects.create(call_id=call_id, created_at=NOW - datetime.timedelta(days=days))
    began = round(NOW.timestamp() * 1000)
    lines = [
        [began + 1000 * place, ("caller", "agent")[place % 2], text]
        for place, text in enumerate(said)
    ]
    CallWords.objects.create(call=row, lines=lines, text=word_search.indexed(list(said)))
    return row


def found(client: Client, typed: str, **query: str) -> list[str]:
    """Return the IDs of the calls that a search lists, in its order."""
    answer = client.get(CALLS, {"said": typed, **query})
    assert answer.status_code == HTTPStatus.OK
    return [row.call_id for row in answer.context["cl"].result_list]


def shown(client: Client, typed: str) -> list[str]:
    """Return the lines that a search shows, as HTML without their links."""
    html = client.get(CALLS, {"said": typed}).content.decode()
    assert refused(html) == []
    lists = re.findall(r'<ul class="said">(.*?)</ul>', html, re.DOTALL)
    items = [item for one in lists for item in re.findall(r"<li[^>]*>(.*?)</li>", one)]
    return [re.sub(r"</?(?:a|span)\b[^>]*>", "", item) for item in items]


@pytest.fixture(params=["indexed", "not indexed"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Search with an index, and on SQLite also as one does that lacks FTS5."""
    if request.param == "not indexed":
        if connection.vendor != "sqlite":
            pytest.skip("PostgreSQL always has its index")
        monkeypatch.setattr(word_search, "has_index", lambda: False)
    return str(request.param)


@pytest.mark.usefixtures("way")
class TestWhatIsFound:
    @pytest.mark.parametrize(
        "typed",
        [
            "refund",
            "REFUND",
            "refu",
            "refund order",  # by whomever, in any order
            "late refund",
            '"my order is"',
            "4412",
            "dont",
            "don't",
            "café",
            "CAFE",
            "strasse",
            "予約",
            "refund!?",
            "  refund  ",
        ],
    )
    def test_words_as_they_were_said_or_as_they_begin(self, as_root: Client, typed: str) -> None:
        call(
            "meant",
            "My order is late: 44-12, 4412!",
            "You don’t get a refund.",
            "Dont ask in the Café in Straße 7. 明日の予約です。",
        )
        call("other", "Good morning.", "How are you?")
        assert found(as_root, typed) == ["meant"]

    @pytest.mark.parametrize(
        "typed",
        [
            "refunded",
            "efund",
            '"refu"',  # in quotation marks a word is whole
            '"order my"',
            "refund nowhere",
            "%",
            "re%nd",
            '"',
            "' OR 1=1 --",
            "refund NOT order",
            "text:refund*",
            ":* & | <->",
            "*",
        ],
    )
    def test_nothing_else(self, as_root: Client, typed: str) -> None:
        call("one", "My order is late.", "You get a refund.")
        assert found(as_root, typed) == []

    def test_the_newest_first(self, as_root: Client) -> None:
        for days in (3, 2, 1):
            call(f"{days} days ago", "A refund, please.", days=days)
        assert found(as_root, "refund") == ["1 days ago", "2 days ago", "3 days ago"]

    @pytest.mark.parametrize("many", [0, 10_000])
    def test_within_the_filters_in_force(
        self, as_root: Client, monkeypatch: pytest.MonkeyPatch, many: int
    ) -> None:
        monkeypatch.setattr(search, "MANY", many)
        call("old", "A refund, please.", days=800)
        call("new", "A refund, please.")
        Call.objects.filter(call_id="old").update(agent="sales")
        assert found(as_root, "refund", agent="sales") == ["old"]
        assert found(as_root, "refund") == ["new", "old"]

    def test_words_that_are_changed_or_deleted_are_found_no_more(self, as_root: Client) -> None:
        changed, deleted = call("changed", "A refund."), call("deleted", "A refund.")
        CallWords.objects.filter(call=changed).update(text="a voucher")
        deleted.delete()
        assert found(as_root, "refund") == []
        assert found(as_root, "voucher") == ["changed"]


class TestWhatIsShown:
    def test_the_line_with_its_time_and_who_said_it(self, as_root: Client) -> None:
        call("one", "Hello.", "You get a refund, and refunds are free.")
        (line,) = shown(as_root, "refund")
        assert line == (
            "12:00:01 Agent: You get a <mark>refund</mark>, and <mark>refunds</mark> are free."
        )

    def test_it_leads_to_that_moment_of_the_call(self, as_root: Client) -> None:
        row = call("one", "Hello.", "A refund.")
        at = round(NOW.timestamp() * 1000) + 1000
        html = as_root.get(CALLS, {"said": "refund"}).content.decode()
        assert f'href="/calls/{row.pk}#at={at}"' in html

    def test_markup_in_what_was_said_is_text(self, as_root: Client) -> None:
        call("one", "<script>alert(1)</script> refund <b>")
        (line,) = shown(as_root, "refund script")
        assert line.endswith(
            ": &lt;<mark>script</mark>&gt;alert(1)&lt;/<mark>script</mark>&gt;"
            " <mark>refund</mark> &lt;b&gt;"
        )

    def test_a_long_line_is_cut_at_words_around_the_mark(self, as_root: Client) -> None:
        call("one", "word " * 60 + "refund" + " more" * 60)
        (line,) = shown(as_root, "refund")
        assert re.fullmatch(
            r"12:00:00 Caller: … (word ){10,14}<mark>refund</mark>( more){10,14} …", line
        )

    def test_the_lines_with_most_of_it_in_the_order_of_the_call(self, as_root: Client) -> None:
        call("one", "A refund 1.", "A refund 2.", "A refund 3.", "Your order 4.", "Refund order 5.")
        lines = [re.sub(r"</?mark>", "", line) for line in shown(as_root, "refund order")]
        assert [line.rpartition(": ")[2] for line in lines] == [
            "A refund 1.",
            "A refund 2.",
            "Refund order 5.",
            "and in 2 more lines",
        ]

    def test_a_phrase_is_marked_as_a_whole(self, as_root: Client) -> None:
        call("one", "My order is late, my order!")
        (line,) = shown(as_root, '"my order is"')
        assert line.endswith(": <mark>My order is</mark> late, my order!")


class TestWhoMay:
    def test_others_see_no_field_and_no_filter(self, as_bob: Client) -> None:
        call("one", "A refund.")
        html = as_bob.get(CALLS).content.decode()
        assert "Words that were said" not in html
        assert "ended_by" not in html
        assert as_bob.get(CALLS, {"said": "refund"}).status_code == HTTPStatus.BAD_REQUEST
        assert as_bob.get(CALLS, {"words": "yes"}).status_code == HTTPStatus.BAD_REQUEST

    def test_who_may_read_words_may_search(self, as_bob: Client, bob: User) -> None:
        call("one", "A refund.")
        bob.user_permissions.add(Permission.objects.get(codename="read_words"))
        assert found(as_bob, "refund") == ["one"]


def test_the_page_says_that_the_search_is_slow_without_an_index(
    as_root: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert b"lacks FTS5" not in as_root.get(CALLS).content
    monkeypatch.setattr(word_search, "has_index", lambda: False)
    assert b"lacks FTS5" in as_root.get(CALLS).content


def test_a_list_of_one_page_takes_few_queries_however_many_calls_are_found(
    as_root: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(60):
        call(f"call-{number}", "A refund, please.")
    with django_assert_max_num_queries(30):
        assert len(found(as_root, "refund")) == 50


def test_calls_beyond_those_that_are_listed_are_not_counted(
    as_root: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MANY", 2)
    monkeypatch.setattr(lists, "LISTED", 2)
    for number in range(3):
        call(f"call-{number}", "A refund, please.")
    with CaptureQueriesContext(connection) as queries:
        assert len(found(as_root, "refund")) == 3
    assert not [query for query in queries if "COUNT(*)" in query["sql"]]


def test_an_index_answers_a_search(db: Any) -> None:
    with word_search.by_index():
        plan = CallWords.objects.filter(text__said="refund order").explain()
    expected = "words_of_calls" if connection.vendor == "postgresql" else "VIRTUAL TABLE INDEX"
    assert expected in plan
