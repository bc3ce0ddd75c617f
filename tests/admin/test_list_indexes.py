"""That an index finds each page of the history's lists, and each search."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from monitor.admin import lists, search
from monitor.models import AdminAction, Agent, Call, ListenSession, Tap
from tests.support.cast import see_only

AGENTS = ("agent-7", "x")  # one of many_rows, and none
CALLS, TAPS, LISTENS = (f"/admin/monitor/{name}/" for name in ("call", "tap", "listensession"))


def make_rows(count: int) -> None:
    """Make ``count`` calls, each with a tap, a listen that has ended, and an action in the log."""
    now = timezone.now()
    # A list can be filtered by agents that are known, and is not if there is none.
    Agent.objects.bulk_create(Agent(name=f"agent-{n}") for n in range(100))
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
    listener = User.objects.create(username="listener")
    ListenSession.objects.bulk_create(
        ListenSession(
            tap=tap,
            agent=tap.agent,
            user=listener,
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


#: Django's introspection leaves out those that SQLite makes for what is unique.
SQLITE_INDEXES = """
    SELECT one.name FROM pragma_index_list(%s) AS one, pragma_index_info(one.name) AS part
    WHERE part.seqno = 0 AND part.name = %s
"""


def indexes_on(model: type[Model], column: str) -> list[str]:
    """Return the names of the indexes of a table that begin with a column."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(SQLITE_INDEXES, [table, column])
            return [name for (name,) in cursor.fetchall()]
        found = connection.introspection.get_constraints(cursor, table)
    return [name for name, one in found.items() if one["index"] and one["columns"][:1] == [column]]


def assert_indexed(rows: QuerySet[Any], column: str) -> None:
    """Fail unless an index that begins with the column finds these rows."""
    plan, table = rows.explain(), rows.model._meta.db_table
    assert f"Seq Scan on {table} " not in plan, plan  # PostgreSQL
    assert not re.search(rf"SCAN {table}(?! USING)", plan), plan  # SQLite
    assert any(name in plan for name in indexes_on(rows.model, column)), plan


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
        assert_indexed(rows, column)
        assert 0 < rows.count() <= 12

    @pytest.mark.parametrize(
        ("path", "query", "column"),
        [
            *((CALLS, query, "created_at") for query in ("", "o=-2")),
            *((TAPS, query, "requested_at") for query in ("", "o=-2")),
            *((LISTENS, query, "started_at") for query in ("", "o=-2")),
            *((path, f"agent={name}", "agent") for path in (CALLS, TAPS) for name in AGENTS),
            (TAPS, "codec=PCMA", "codec"),
            (TAPS, "transport=rtp", "transport"),
            (TAPS, "direction__exact=speak", "direction"),
            (TAPS, "state__exact=lost", "state"),
        ],
    )
    def test_a_page_of_a_list_is_found_in_one(
        self,
        as_root: Client,
        monkeypatch: pytest.MonkeyPatch,
        path: str,
        query: str,
        column: str,
    ) -> None:
        monkeypatch.setattr(lists, "LISTED", 10)
        changelist = as_root.get(f"{path}?{query}").context["cl"]
        assert_indexed(changelist.paginator.object_list[: changelist.list_per_page], column)

    @pytest.mark.parametrize("path", [CALLS, TAPS, LISTENS])
    @pytest.mark.parametrize("agents", [["agent-7"], ["agent-7", "agent-8"], ["unheard"]])
    def test_the_rows_of_a_team_are_found_in_one(
        self, as_bob: Client, bob: User, path: str, agents: list[str]
    ) -> None:
        see_only(bob, *agents)
        changelist = as_bob.get(path).context["cl"]
        assert_indexed(changelist.paginator.object_list[: changelist.list_per_page], "agent")
        assert changelist.result_count == 30 * len(set(agents) - {"unheard"})

    def test_who_listens_now_is_found_in_one(self) -> None:
        rows = ListenSession.objects.filter(ended_at=None).order_by("-started_at")
        assert "listening_now" in rows.explain()

    def test_a_users_listens_are_found_in_one(self, alice: User) -> None:
        rows = ListenSession.objects.filter(user=alice).order_by("-started_at")
        assert_indexed(rows, "user_id")

    def test_a_teams_listeners_are_found_in_one(self) -> None:
        """That each user has listened to an agent is not looked for among all that they heard."""
        listened = ListenSession.objects.filter(agent="agent-7", user=OuterRef("pk"))
        plan = User.objects.filter(Exists(listened)).explain()
        assert "listener_of_agent" in plan, plan

    def test_the_first_moment_and_the_last_are_asked_for_by_themselves(
        self, as_root: Client
    ) -> None:
        """For both at once SQLite reads all moments."""
        with CaptureQueriesContext(connection) as queries:
            as_root.get(LISTENS)
        asked = [query["sql"] for query in queries if "MIN(" in query["sql"]]
        assert len(asked) == 1
        assert "MAX(" not in asked[0]

    def test_the_months_of_a_year_are_looked_for_from_the_end_of_the_last_one_on(
        self, as_root: Client
    ) -> None:
        """SQLite begins to read at the limit that is named first."""
        year = timezone.localtime().year
        with CaptureQueriesContext(connection) as queries:
            as_root.get(LISTENS, {"started_at__year": str(year)})
        limits = [
            re.findall(r'"started_at" >= .([\d-]+ [\d:]+)', query["sql"]) for query in queries
        ]
        found = [both for both in limits if len(both) == 2]
        assert found
        assert all(first > second for first, second in found)

    def test_a_missing_index_is_noticed(self) -> None:
        """Even if another one leads through all rows in the order of the list."""
        rows = Tap.objects.filter(agent="agent-7")[:50]
        assert_indexed(rows, "agent")
        with connection.cursor() as cursor:
            for name in indexes_on(Tap, "agent"):
                cursor.execute(f'DROP INDEX "{name}"')
        with pytest.raises(AssertionError):
            assert_indexed(rows, "agent")
