"""The lists of the history: what they show, filter and find, and how many queries that takes."""

from __future__ import annotations

import datetime
import uuid
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from monitor.admin import lists
from monitor.admin.taps import TapAdmin
from monitor.models import Call, ListenSession, Tap
from monitor.services import taps
from monitor.services.taps import OpenedTap
from tests.support.markup import links, refused
from tests.support.rows import NOW, SECOND, change

TAPS = "/admin/monitor/tap/"
CALLS = "/admin/monitor/call/"
LISTENS = "/admin/monitor/listensession/"
XSS = "<script>alert('x')</script>"


def page(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == HTTPStatus.OK
    html = response.content.decode()
    assert refused(html) == []
    return html


def listed(client: Client, path: str) -> set[Any]:
    """The primary keys in a list."""
    return {row.pk for row in client.get(path).context["cl"].result_list}


@pytest.fixture
def other(opened: OpenedTap) -> Tap:
    """A tap that differs from ``opened`` in every field that a filter uses."""
    tap = taps.open_tap("call-2", agent="sales", direction="speak", codec="PCMA").tap
    at = timezone.now() - datetime.timedelta(days=800)
    Tap.objects.filter(pk=tap.pk).update(
        state="lost", transport="rtp", requested_at=at, started_at=at, ended_at=at, gaps=7
    )
    Call.objects.filter(pk=tap.call_id).update(created_at=at, caller="+4930901820")
    return Tap.objects.get(pk=tap.pk)


def many(count: int, user: User) -> None:
    """Calls with a tap and a listener each."""
    calls = Call.objects.bulk_create(
        Call(call_id=str(uuid.uuid4()), agent=f"agent-{n % 5}") for n in range(count)
    )
    made = Tap.objects.bulk_create(
        Tap(call=call, control_id=f"control-{call.pk}") for call in calls
    )
    ListenSession.objects.bulk_create(
        ListenSession(tap=tap, user=user, username=user.username) for tap in made
    )


class TestTaps:
    def test_a_row_says_it_all(self, as_bob: Client, opened: OpenedTap) -> None:
        at = datetime.datetime(2026, 3, 1, 12, 30, 15, tzinfo=datetime.UTC)
        change(
            opened,
            state="finished",
            requested_at=at,
            started_at=at + datetime.timedelta(seconds=2),
            ended_at=at + datetime.timedelta(seconds=127),
            gaps=3,
        )
        html = page(as_bob, TAPS)
        for text in (
            "Ended",
            "receptionist",
            "+15551230000 Ann Lee",
            "Both sides",
            "PCMU",
            "ws",
            ">2026-03-01 12:30:15<",
            ">12:30:17<",
            ">12:32:22<",
            "0:02:05",
        ):
            assert text in html
        assert '<td class="field-gaps">3</td>' in html

    def test_a_tap_over_midnight_names_both_days(self, as_bob: Client, opened: OpenedTap) -> None:
        at = datetime.datetime(2026, 3, 1, 23, 59, 59, tzinfo=datetime.UTC)
        change(opened, requested_at=at, started_at=at + datetime.timedelta(seconds=2))
        assert ">2026-03-02 00:00:01<" in page(as_bob, TAPS)

    @pytest.mark.parametrize(
        "query",
        [
            "state__exact=lost",
            "direction__exact=speak",
            "codec=PCMA",
            "transport=rtp",
            "agent=sales",
            "q=call-2",
            "q=4930901820",
            "q=%2B4930901820",
        ],
    )
    def test_it_is_filtered_and_searched(
        self, as_bob: Client, opened: OpenedTap, other: Tap, query: str
    ) -> None:
        assert listed(as_bob, TAPS) == {opened.tap.pk, other.pk}
        assert listed(as_bob, f"{TAPS}?{query}") == {other.pk}

    def test_ids_are_found(self, as_bob: Client, opened: OpenedTap, other: Tap) -> None:
        for text in (str(other.pk), other.pk.hex, other.control_id, f" {other.pk} "):
            assert listed(as_bob, f"{TAPS}?q={text}") == {other.pk}

    def test_a_call_id_that_is_a_uuid_is_found(self, as_bob: Client, opened: OpenedTap) -> None:
        call_id = "0e5b9c9a-0000-4000-8000-000000000001"
        tap = taps.open_tap(call_id).tap
        assert listed(as_bob, f"{TAPS}?q={call_id}") == {tap.pk}

    def test_it_is_filtered_by_the_day_asked_for(
        self, as_bob: Client, opened: OpenedTap, other: Tap
    ) -> None:
        at = other.requested_at
        for query in (
            f"requested_at__year={at.year}",
            f"requested_at__year={at.year}&requested_at__month={at.month}",
            f"requested_at__year={at.year}&requested_at__month={at.month}"
            f"&requested_at__day={at.day}",
        ):
            assert listed(as_bob, f"{TAPS}?{query}") == {other.pk}

    def test_the_years_that_have_taps_are_offered(
        self, as_bob: Client, opened: OpenedTap, other: Tap
    ) -> None:
        years = {other.requested_at.year, opened.tap.requested_at.year}
        offered = links(page(as_bob, TAPS))
        assert {link for link in offered if link.startswith("?requested_at__year")} == {
            f"?requested_at__year={year}" for year in years
        }

    def test_the_newest_comes_first(self, as_bob: Client, opened: OpenedTap, other: Tap) -> None:
        rows = as_bob.get(TAPS).context["cl"].result_list
        assert [row.pk for row in rows] == [opened.tap.pk, other.pk]

    @pytest.mark.parametrize("column", range(1, 12))
    def test_each_column_sorts_or_stays(
        self, as_bob: Client, opened: OpenedTap, other: Tap, column: int
    ) -> None:
        assert listed(as_bob, f"{TAPS}?o={column}") == {opened.tap.pk, other.pk}

    def test_nonsense_in_the_address_is_refused(self, as_bob: Client, opened: OpenedTap) -> None:
        assert as_bob.get(f"{TAPS}?requested_at__year=soon").status_code == HTTPStatus.BAD_REQUEST

    def test_a_foreign_lookup_is_refused(self, as_bob: Client, opened: OpenedTap) -> None:
        path = f"{TAPS}?listens__user__password__startswith=a"
        assert as_bob.get(path).status_code == HTTPStatus.BAD_REQUEST

    def test_what_callers_wrote_is_text(self, as_bob: Client, db: Any) -> None:
        taps.open_tap(XSS, agent=XSS, caller=XSS, caller_name=XSS)
        for path in (TAPS, CALLS):
            html = page(as_bob, path)
            assert XSS not in html
            assert "&lt;script&gt;" in html


class TestEmptiness:
    @pytest.mark.parametrize(
        ("path", "says"),
        [
            (TAPS, "No call has been tapped yet. A tap appears as soon as an agent starts one."),
            (CALLS, "No call is known yet."),
            (LISTENS, "Nobody has listened yet."),
        ],
    )
    def test_an_empty_list_says_what_will_come(self, as_bob: Client, path: str, says: str) -> None:
        html = page(as_bob, path)
        assert says in html
        assert "export.csv" not in html

    def test_filters_without_a_match_offer_the_way_back(
        self, as_bob: Client, opened: OpenedTap
    ) -> None:
        for query in ("q=nobody", "state__exact=lost"):
            html = page(as_bob, f"{TAPS}?{query}")
            assert "Nothing matches these filters." in html
            assert "?" in links(html)


class TestCalls:
    def test_a_call_is_shown_with_its_state_its_legs_and_how_often_it_was_heard(
        self, as_bob: Client, opened: OpenedTap, alice: User
    ) -> None:
        heard = taps.open_tap("call-1", direction="speak").tap
        change(opened, state="finished", started_at=NOW, ended_at=NOW + 5 * SECOND)
        Tap.objects.filter(pk=heard.pk).update(state="failed", ended_at=NOW + SECOND)
        ListenSession.objects.create(tap=heard, user=alice, username="alice")
        html = page(as_bob, CALLS)
        assert '<td class="field-legs">Both sides, Caller only</td>' in html
        assert '<td class="field-listened">1</td>' in html
        assert '<span class="tap-state tap-state-finished">Ended</span>' in html
        assert '<td class="field-lasted">0:00:05</td>' in html
        assert "+15551230000" in html

    def test_a_call_without_a_tap_has_a_state_and_a_duration(self, as_bob: Client) -> None:
        began_at = timezone.now() - 65 * SECOND
        Call.objects.create(call_id="call-9", began_at=began_at, told_at=began_at)
        html = page(as_bob, CALLS)
        assert "Not tapped</span>" in html
        assert '<td class="field-lasted">0:01:' in html

    @pytest.mark.parametrize("query", ["agent=sales", "q=call-2", "q=493090"])
    def test_it_is_filtered_and_searched(
        self, as_bob: Client, opened: OpenedTap, other: Tap, query: str
    ) -> None:
        assert listed(as_bob, f"{CALLS}?{query}") == {other.call_id}


class TestListeners:
    @pytest.fixture
    def session(self, opened: OpenedTap, alice: User) -> ListenSession:
        return ListenSession.objects.create(
            tap=opened.tap,
            agent=opened.tap.agent,
            user=alice,
            username="alice",
            address="192.0.2.7",
            frames=700,
        )

    def test_who_when_where_and_how_much(
        self, as_bob: Client, session: ListenSession, opened: OpenedTap
    ) -> None:
        html = page(as_bob, LISTENS)
        for text in ("alice", "192.0.2.7", "700", "listening now", "receptionist"):
            assert text in html
        assert f"/admin/monitor/tap/{opened.tap.pk}/change/" in links(html)

    def test_who_listens_now_is_filtered(
        self, as_bob: Client, session: ListenSession, bob: User
    ) -> None:
        now = timezone.now()
        ended = ListenSession.objects.create(
            tap=session.tap, user=bob, username="bob", ended_at=now
        )
        assert listed(as_bob, f"{LISTENS}?listening=now") == {session.pk}
        assert listed(as_bob, f"{LISTENS}?listening=ended") == {ended.pk}

    @pytest.mark.parametrize("text", ["alice", "192.0.2.7", "call-1", "5551230000"])
    def test_it_is_searched(
        self, as_bob: Client, session: ListenSession, bob: User, text: str
    ) -> None:
        other = taps.open_tap("other").tap
        ListenSession.objects.create(tap=other, user=bob, username="bob")
        assert listed(as_bob, f"{LISTENS}?q={text}") == {session.pk}

    def test_it_is_filtered_by_user(
        self, as_bob: Client, session: ListenSession, alice: User, bob: User
    ) -> None:
        ListenSession.objects.create(tap=session.tap, user=bob, username="bob")
        assert listed(as_bob, f"{LISTENS}?user__id__exact={alice.pk}") == {session.pk}


def test_another_order_is_that_of_the_newest_rows(
    as_root: Client, db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To put all rows in order would take seconds for a million."""
    monkeypatch.setattr(lists, "LISTED", 3)
    monkeypatch.setattr(TapAdmin, "list_per_page", 2)
    for number in range(5):
        opened = taps.open_tap(f"call-{number}")
        change(opened, gaps=-number % 5, requested_at=NOW + number * SECOND)
    shown = [as_root.get(f"{TAPS}?o=6&p={number}").context["cl"].result_list for number in (1, 2)]
    assert [[tap.call.call_id for tap in rows] for rows in shown] == [
        ["call-4", "call-3"],
        ["call-2"],
    ]


def test_agents_are_offered_without_a_query_for_each(
    as_root: Client, db: Any, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        taps.open_tap(f"call-{number}", agent=f"agent-{number}")
    with django_assert_max_num_queries(25):
        html = page(as_root, TAPS)
    assert "agent-29" in html


@pytest.mark.parametrize("path", [TAPS, CALLS, LISTENS])
def test_a_lists_queries_do_not_grow_with_it(
    as_bob: Client,
    bob: User,
    path: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    many(5, bob)  # of five agents, each looked up for the filter
    with django_assert_max_num_queries(20) as few:
        page(as_bob, path)
    many(45, bob)
    with django_assert_max_num_queries(len(few.captured_queries)):
        page(as_bob, path)
