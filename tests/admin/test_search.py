"""How the history is searched, and that an index answers each search."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from monitor.admin import lists, search
from monitor.models import AdminAction, Agent, Call, ListenSession, Tap, Team
from monitor.services import taps
from monitor.services.taps import OpenedTap

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


def make_rows(count: int) -> None:
    """Make ``count`` calls, each with a tap, a listen that has ended, and an action in the log."""
    now = timezone.now()
    calls = Call.objects.bulk_create(
        Call(
            call_id=f"call-{n}",
            agent=f"agent-{n % 100}",
            caller=f"+1555{n:07}",
            created_at=now - datetime.timedelta(minutes=n),
        )
        for n in range(count)
    )
    made = Tap.objects.bulk_create(
        Tap(
            call=call,
            agent=call.agent,
            control_id=f"tap-{call.pk}",
            requested_at=call.created_at,
        )
        for call in calls
    )
    ListenSession.objects.bulk_create(
        ListenSession(
            tap=tap,
            agent=tap.agent,
            username=f"user-{n}",
            address=f"10.0.{n}",
            started_at=tap.requested_at,
            ended_at=now,
        )
        for n, tap in enumerate(made)
    )
    AdminAction.objects.bulk_create(
        AdminAction(username=f"user-{n}", object_id=str(n), object_repr=f"call-{n}")
        for n in range(count)
    )


@pytest.fixture(scope="class")
def many_rows(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Make enough rows for PostgreSQL to prefer an index, once for the tests of a class."""
    with django_db_blocker.unblock(), transaction.atomic():
        make_rows(3000)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        yield
        transaction.set_rollback(True)


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


def assert_indexed(rows: QuerySet[Any]) -> None:
    """Fail if all rows of the table are read to find these."""
    plan, table = rows.explain().lower(), rows.model._meta.db_table
    assert f"seq scan on {table} " not in plan, plan  # PostgreSQL
    assert not re.search(rf"scan {table}(?! using)", plan), plan  # SQLite


@pytest.mark.usefixtures("many_rows", "db")
class TestIndexes:
    @pytest.mark.parametrize(
        ("model", "column", "text"),
        [
            (Call, "call_id", "call-77"),
            (Call, "caller", "+15550000077"),
            (ListenSession, "username", "user-77"),
            (ListenSession, "address", "10.0.77"),
            (AdminAction, "username", "user-77"),
            (AdminAction, "object_id", "77"),
            (AdminAction, "object_repr", "call-77"),
        ],
    )
    def test_a_beginning_is_found_in_one(self, model: Any, column: str, text: str) -> None:
        rows = model.objects.filter(search.Beginning(column, (text,)).indexed()).order_by()
        plan = rows.explain()
        assert "index" in plan.lower(), plan
        assert "scan monitor" not in plan.lower(), plan  # SQLite: every row
        assert "seq scan" not in plan.lower(), plan  # PostgreSQL: every row
        assert 0 < rows.count() <= 12

    @pytest.mark.parametrize(
        ("path", "query"),
        [
            *((path, query) for path in (CALLS, TAPS, LISTENS) for query in ("", "o=-2")),
            *((path, query) for path in (CALLS, TAPS) for query in ("agent=agent-7", "agent=x")),
            (TAPS, "codec=PCMA"),
            (TAPS, "transport=rtp"),
            (TAPS, "direction__exact=speak"),
            (TAPS, "state__exact=lost"),
        ],
    )
    def test_a_page_of_a_list_is_found_in_one(
        self, as_root: Client, monkeypatch: pytest.MonkeyPatch, path: str, query: str
    ) -> None:
        monkeypatch.setattr(lists, "LISTED", 10)
        changelist = as_root.get(f"{path}?{query}").context["cl"]
        assert_indexed(changelist.paginator.object_list[: changelist.list_per_page])

    @pytest.mark.parametrize("path", [CALLS, TAPS, LISTENS])
    @pytest.mark.parametrize("agents", [["agent-7"], ["agent-7", "agent-8"], ["unheard"]])
    def test_the_rows_of_a_team_are_found_in_one(
        self, as_bob: Client, bob: User, path: str, agents: list[str]
    ) -> None:
        bob.user_permissions.remove(Permission.objects.get(codename="see_all_teams"))
        team = Team.objects.create(name="Team")
        team.members.add(bob)
        Agent.objects.bulk_create(Agent(name=agent, team=team) for agent in agents)
        changelist = as_bob.get(path).context["cl"]
        assert_indexed(changelist.paginator.object_list[: changelist.list_per_page])
        assert changelist.result_count == 30 * len(set(agents) - {"unheard"})

    def test_who_listens_now_is_found_in_one(self) -> None:
        rows = ListenSession.objects.filter(ended_at=None).order_by("-started_at")
        assert "listening_now" in rows.explain()

    def test_a_users_listens_are_found_in_one(self, alice: User) -> None:
        plan = ListenSession.objects.filter(user=alice).order_by("-started_at").explain()
        assert "monitor_lis_user_id" in plan
