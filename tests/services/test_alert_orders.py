"""Events in any order, and more than once, are noticed once; and most of them cost nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from monitor.audio.condition import TOLD, Kind
from monitor.models import Call, CallMark
from monitor.services import alerts
from tests.support.alerts import HUMAN, look, ongoing, since, tell, turns
from tests.support.words import at, barge, events, failed, heard, hold, llm_error, logged, tool

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def watched(settings: Any) -> None:
    settings.WATCHED_PHRASES = ("lawyer", "room 441")


class TestCost:
    @pytest.fixture
    def cost(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], int]:
        """Record an event, and return how many queries it took to look for a cause in it."""
        counted: list[int] = []
        follow = alerts.follow

        def counting(*args: Any) -> None:
            with CaptureQueriesContext(connection) as queries:
                follow(*args)
            counted.append(len(queries))

        monkeypatch.setattr(alerts, "follow", counting)

        def cost(body: dict[str, Any]) -> int:
            tell(body)
            return counted[-1]

        return cost

    @pytest.mark.parametrize(
        "body",
        [
            heard("Hello."),
            tool(),
            logged("user", "Hello.", 0),
            hold(),
            events(unknown={"a": 1}),
        ],
        ids=["speech", "a tool", "the log", "a hold", "another kind"],
    )
    def test_most_events_cost_no_query(
        self, cost: Callable[[dict[str, Any]], int], body: dict[str, Any]
    ) -> None:
        assert cost(body) == 0

    def test_an_answer_costs_one(self, cost: Callable[[dict[str, Any]], int]) -> None:
        assert cost(logged("assistant", "Fine.", 2)) == 1

    def test_a_look_at_nothing_costs_two(
        self, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        tell(heard("Hello."))
        with django_assert_num_queries(2):
            look(3)


#: A call with a cause for each kind of mark, within 50 s: every event has the carrier's time.
STORY = [
    at(HUMAN, 1),
    at(heard("My lawyer will call you."), 2),
    logged("user", "My lawyer will call you.", 1.8),
    at(failed(), 3),
    at(failed(), 9),
    at(llm_error(), 10),
    *(at(barge(n), 12 + n) for n in range(5)),
    *(
        logged(role, f"{role} {n}", 20 + 5 * n + (4 if role == "assistant" else 0))
        for n in range(5)
        for role in ("user", "assistant")
    ),
]


@given(
    order=st.permutations(range(len(STORY))),
    again=st.lists(st.integers(0, len(STORY) - 1), max_size=8),
    looks=st.sets(st.integers(0, len(STORY) + 8)),
)
@hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_the_order_each_kind_is_noticed_once(
    order: list[int], again: list[int], looks: set[int]
) -> None:
    Call.objects.all().delete()
    for n, index in enumerate([*order, *again]):
        tell(STORY[index], 50 + n / 10)
        if n in looks:
            look(50 + n / 10)
    turns([4], 55)
    look(60)
    kinds = sorted(CallMark.objects.values_list("kind", flat=True))
    assert kinds == sorted(set(TOLD) - {Kind.LONG_HOLD})
    assert sorted(ongoing()) == kinds
    assert since(Kind.TOOL_FAILS) == pytest.approx(3, abs=5)
