"""What was said in the calls of the history's list, as CSV and as JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from http import HTTPStatus
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from monitor.admin import export
from monitor.models import AdminAction, Call
from monitor.services import conversation
from tests.support.markup import links
from tests.support.rows import NOW, SECOND
from tests.support.tellings import tell
from tests.support.words import events, heard, logged, said, summary

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("given_back")]

LIST = "/admin/monitor/call/"
CSV = "/admin/monitor/call/words.csv"
JSON = "/admin/monitor/call/words.jsonl"
UNIX = NOW.timestamp()


@pytest.fixture
def call() -> Call:
    """A call that is over, in which both parties spoke and a tool was used."""
    log = [
        said("assistant", "Good morning.", UNIX - 9, barged=True),
        said("user", "=A refund", UNIX - 7.5),
        said("assistant", "You get it.", UNIX - 3, acoustic_latency=1250),
    ]
    tools = [
        {"command_name": "look_up", "command_arg": '{"id": 7}', "epoch_time": int(UNIX - 5)},
    ]
    tell(summary(call_log=log, swaig_log=tools))
    return Call.objects.get()


def content(client: Client, path: str) -> str:
    """The text of a stream, read as the server reads it."""
    response: Any = client.get(path)
    assert response.status_code == HTTPStatus.OK

    async def read() -> bytes:
        return b"".join([part async for part in response.streaming_content])

    return async_to_sync(read)().decode()


def rows(client: Client, path: str = CSV) -> list[dict[str, str]]:
    text = content(client, path).removeprefix("\ufeff")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def objects(client: Client, path: str = JSON) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content(client, path).split("\n")[:-1]]


class TestFile:
    @pytest.mark.parametrize(("path", "kind"), [(CSV, "text/csv"), (JSON, "application/jsonl")])
    def test_it_is_a_file_named_for_the_day(
        self, as_root: Client, call: Call, path: str, kind: str
    ) -> None:
        response = as_root.get(path)
        name = f"earshot-words-{timezone.now().date()}.{path.rpartition('.')[2]}"
        assert response["Content-Type"] == f"{kind}; charset=utf-8"
        assert response["Content-Disposition"] == f'attachment; filename="{name}"'
        assert "no-store" in response["Cache-Control"]

    def test_a_row_has_a_line_and_no_formula(self, as_root: Client, call: Call) -> None:
        found = rows(as_root)
        assert [(row["side"], row["text"]) for row in found] == [
            ("agent", "Good morning."),
            ("caller", "'=A refund"),
            ("tool", "look_up"),
            ("agent", "You get it."),
        ]
        assert found[0] == {
            "call_id": "call-1",
            "at": "2030-01-01T11:59:51Z",
            "side": "agent",
            "text": "Good morning.",
            "recorded": "true",
            "interrupted": "true",
            "error": "false",
            "partial": "false",
            "latency_seconds": "",
            "tool_arguments": "",
            "tool_result": "",
            "tool_milliseconds": "",
            "tool_error": "",
        }
        assert json.loads(found[2]["tool_arguments"]) == {"id": 7}
        assert found[3]["latency_seconds"] == "1.25"

    def test_an_object_is_a_line_as_pages_get_it_with_its_call(
        self, as_root: Client, call: Call
    ) -> None:
        lines = [conversation.describe(line) for line in conversation.of_call(call)]
        assert objects(as_root) == [{"call_id": "call-1", **line} for line in lines]

    def test_letters_are_kept(self, as_root: Client) -> None:
        tell(heard("¿Qué\n\u2028hora es? 🎧"))
        assert objects(as_root)[0]["text"] == rows(as_root)[0]["text"] == "¿Qué\n\u2028hora es? 🎧"

    def test_calls_without_words_have_no_lines(self, as_root: Client) -> None:
        Call.objects.create(call_id="silent")
        assert (objects(as_root), rows(as_root)) == ([], [])


class TestList:
    def test_the_lines_of_a_call_stay_together_and_pages_join_without_a_seam(
        self, as_root: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(export, "PAGE", 2)
        for n in range(5):
            told = events(f"call-{n}", conversation_add={"role": "user", "content": f"A {n}"})
            tell(told, NOW + n * SECOND)
        for n in range(5):
            told = events(f"call-{n}", conversation_add={"role": "user", "content": f"B {n}"})
            tell(told, NOW + 9 * SECOND)
        found = [row["text"] for row in rows(as_root)]
        assert found == [f"{part} {n}" for n in (4, 3, 2, 1, 0) for part in "AB"]

    @pytest.mark.parametrize("query", ["agent=sales", "q=call-2", "said=refund"])
    def test_it_has_what_the_filters_and_searches_find(self, as_root: Client, query: str) -> None:
        tell(logged("user", "Hello.", 0))
        tell(
            events("call-2", conversation_add={"role": "user", "content": "Refund me"}),
            NOW,
            "sales",
        )
        tell(events("call-2", session_end={"reason": "normal"}), NOW, "sales")
        assert {one["call_id"] for one in objects(as_root, f"{JSON}?{query}")} == {"call-2"}

    def test_the_links_carry_the_filters(self, as_root: Client, call: Call) -> None:
        html = as_root.get(f"{LIST}?agent=receptionist&said=refund").content.decode()
        found = [link for link in links(html) if "/words." in link]
        assert [link.partition("?")[0] for link in found] == [CSV, JSON]
        assert len(objects(as_root, found[1])) == 4

    def test_a_slow_client_keeps_no_database_connection_between_two_calls(
        self, as_root: Client, call: Call, given_back: list[bool]
    ) -> None:
        tell(heard("Hello.", "call-2"))
        content(as_root, JSON)
        assert len(given_back) >= 4  # the page, each of two calls, and that no page is left


class TestPermission:
    def test_it_is_for_those_who_may_see_the_list_and_read_words(
        self, as_bob: Client, bob: User, call: Call
    ) -> None:
        for path in (CSV, JSON):
            assert as_bob.get(path).status_code == HTTPStatus.FORBIDDEN
        assert "/words." not in as_bob.get(LIST).content.decode()
        bob.user_permissions.add(Permission.objects.get(codename="read_words"))
        assert len(objects(as_bob)) == 4
        bob.user_permissions.remove(Permission.objects.get(codename="view_call"))
        assert as_bob.get(JSON).status_code == HTTPStatus.FORBIDDEN

    def test_it_is_only_read_and_has_two_forms(self, as_root: Client, call: Call) -> None:
        assert as_root.post(CSV).status_code == HTTPStatus.METHOD_NOT_ALLOWED
        assert as_root.get(f"{LIST}words.xlsx").status_code == HTTPStatus.NOT_FOUND

    def test_it_is_logged_without_what_was_looked_for(self, as_root: Client, call: Call) -> None:
        as_root.get(f"{CSV}?agent=receptionist&said=refund")
        action = AdminAction.objects.get(kind=AdminAction.Kind.EXPORTED)
        assert action.object_repr == "words.csv: agent=receptionist, and a search"
