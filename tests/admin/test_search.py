"""How the history is searched."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitor.admin import lists, search
from monitor.models import CallTool, ListenSession
from monitor.services import taps
from monitor.services.taps import OpenedTap
from tests.support.cast import see_only

CALLS, TAPS, LISTENS = (f"/admin/monitor/{name}/" for name in ("call", "tap", "listensession"))


def found(client: Client, path: str, text: str) -> int:
    return len(client.get(path, {"q": text}).context["cl"].result_list)


@pytest.fixture
def listened(opened: OpenedTap, alice: User) -> ListenSession:
    """Alice listened to Ann Lee's tap; another tap was heard by nobody."""
    taps.open_tap("0e5b9c9a", caller="+4930901820")
    return ListenSession.objects.create(
        tap=opened.tap, user=alice, username="alice", address="192.0.2.7"
    )


class TestWhatIsFound:
    @pytest.mark.parametrize("path", [CALLS, TAPS, LISTENS])
    @pytest.mark.parametrize(
        "text",
        ["call-1", "call", "+15551230000", "15551230000", "5551230000", "+1 (555) 123", "+1555"],
    )
    def test_a_call_by_its_id_or_its_callers_number_or_how_they_begin(
        self, as_root: Client, listened: ListenSession, path: str, text: str
    ) -> None:
        assert found(as_root, path, text) == 1

    @pytest.mark.parametrize("path", [TAPS, LISTENS])
    def test_a_tap_by_its_ids(self, as_root: Client, listened: ListenSession, path: str) -> None:
        for text in (str(listened.tap_id), listened.tap.control_id):
            assert found(as_root, path, text) == 1

    @pytest.mark.parametrize("text", ["alice", "ali", "Alice", "192.0.2.7", "192.0.2."])
    def test_a_listen_by_user_or_address(
        self, as_root: Client, listened: ListenSession, text: str
    ) -> None:
        assert found(as_root, LISTENS, text) == 1

    @pytest.mark.parametrize("path", [CALLS, TAPS, LISTENS])
    @pytest.mark.parametrize("text", ["nobody", "%", "_all", "+2", "all-1", "lice"])
    def test_nothing_by_what_no_column_begins_with(
        self, as_root: Client, listened: ListenSession, path: str, text: str
    ) -> None:
        assert found(as_root, path, text) == 0


@pytest.mark.parametrize("text", ["root", "ro", "call-1"])
def test_what_was_done_is_found_by_who_did_it_and_to_what(
    as_root: Client, opened: OpenedTap, text: str
) -> None:
    as_root.get(f"/admin/monitor/call/{opened.tap.call.pk}/change/")
    assert found(as_root, "/admin/monitor/adminaction/", text) == 1
    assert found(as_root, "/admin/monitor/adminaction/", "nobody") == 0


class TestMany:
    """Searches that find more rows than are named one by one."""

    @pytest.mark.parametrize("path", [CALLS, TAPS, LISTENS])
    @pytest.mark.parametrize("text", ["many", "+1555"])
    def test_all_of_it_is_found(
        self, as_root: Client, alice: User, monkeypatch: pytest.MonkeyPatch, path: str, text: str
    ) -> None:
        monkeypatch.setattr(search, "MANY", 3)
        for number in range(5):
            tap = taps.open_tap(f"many-{number}", caller=f"+1555{number}").tap
            ListenSession.objects.create(tap=tap, user=alice, username="alice")
        taps.open_tap("other", caller="+49")
        assert found(as_root, path, text) == 5

    @pytest.mark.parametrize("text", ["many", "+1555"])
    @pytest.mark.parametrize("many", [3, 10])
    def test_a_filter_leaves_some_of_them_out(
        self, as_root: Client, monkeypatch: pytest.MonkeyPatch, db: Any, text: str, many: int
    ) -> None:
        """The number of those that were found without the filter is known, and is not shown."""
        monkeypatch.setattr(search, "MANY", many)
        monkeypatch.setattr(lists, "LISTED", 4)
        for number in range(5):
            taps.open_tap(f"many-{number}", agent=f"agent-{number % 2}", caller=f"+1555{number}")
        changelist = as_root.get(CALLS, {"q": text, "agent": "agent-1"}).context["cl"]
        assert changelist.result_count == 2
        assert as_root.get(CALLS, {"q": text}).context["cl"].result_count == 4

    @pytest.mark.parametrize("many", [3, 10])
    def test_a_team_is_told_the_number_of_its_own(
        self, as_bob: Client, bob: User, monkeypatch: pytest.MonkeyPatch, many: int
    ) -> None:
        monkeypatch.setattr(search, "MANY", many)
        see_only(bob, "agent-1")
        for number in range(5):
            taps.open_tap(f"many-{number}", agent=f"agent-{number % 2}")
        assert as_bob.get(CALLS, {"q": "many"}).context["cl"].result_count == 2

    def test_what_was_found_is_not_counted_once_more(
        self, as_root: Client, alice: User, opened: OpenedTap
    ) -> None:
        """A count of 15,000 entries took 340 ms, because an index has them in no order."""
        ListenSession.objects.create(tap=opened.tap, user=alice, username="alice")
        with CaptureQueriesContext(connection) as queries:
            changelist = as_root.get(LISTENS, {"q": "alice"}).context["cl"]
        assert changelist.result_count == 1
        assert not any("COUNT(" in query["sql"] for query in queries)

    def test_what_a_filter_found_is_not_counted_once_more(
        self, as_root: Client, opened: OpenedTap
    ) -> None:
        CallTool.objects.create(call=opened.tap.call, name="look_up", uses=1, failures=0)
        with CaptureQueriesContext(connection) as queries:
            changelist = as_root.get(CALLS, {"tool": "look_up"}).context["cl"]
        assert changelist.result_count == 1
        assert not any("SELECT COUNT(*)" in query["sql"] for query in queries)

    def test_a_list_ends_where_it_says_so(
        self, as_root: Client, monkeypatch: pytest.MonkeyPatch, db: Any
    ) -> None:
        monkeypatch.setattr(lists, "LISTED", 3)
        for number in range(5):
            taps.open_tap(f"call-{number}")
        html = as_root.get(TAPS).content.decode()
        assert "These are the newest 3. Search or filter to find older ones." in html
        assert "Export all as CSV" in html

    def test_a_shorter_list_says_nothing(self, as_root: Client, opened: OpenedTap) -> None:
        html = as_root.get(TAPS).content.decode()
        assert "These are the newest" not in html
        assert "Export 1 as CSV" in html
