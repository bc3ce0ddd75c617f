"""What decides who may hear a tap is read at once for all who come together."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User

from monitor.models import Agent, ListenReason, Tap, Team
from monitor.services import taps
from monitor.services.permissions import TapRules

pytestmark = pytest.mark.django_db


@pytest.fixture
def strict() -> Tap:
    """A tap whose team demands a notice and a reason."""
    tap = taps.open_tap("strict", agent="Strict").tap
    team = Team.objects.create(name="Strict", needs_notice=True, needs_reason=True)
    Agent.objects.filter(name="Strict").update(team=team)
    return tap


@pytest.fixture
def other() -> Tap:
    """A tap of an agent without a team."""
    return taps.open_tap("other", agent="Other").tap


def test_each_tap_has_what_its_own_team_demands(strict: Tap, other: Tap, alice: User) -> None:
    rules = TapRules([strict.pk, other.pk], [alice.pk])
    assert [rules.lacks_notice(one.pk) for one in (strict, other)] == [True, False]
    assert [rules.lacks_reason(alice, one.pk) for one in (strict, other)] == [True, False]


def test_a_reason_lets_in_the_user_who_gave_it(strict: Tap, alice: User, bob: User) -> None:
    ListenReason.objects.create(user=alice, call=strict.call, text="a complaint")
    rules = TapRules([strict.pk], [alice.pk, bob.pk])
    assert [rules.lacks_reason(user, strict.pk) for user in (alice, bob)] == [False, True]


def test_any_number_of_taps_and_users_takes_two_queries(
    strict: Tap, alice: User, bob: User, django_assert_num_queries: Any
) -> None:
    more = [taps.open_tap(f"more-{number}", agent="Strict").tap for number in range(5)]
    with django_assert_num_queries(2):
        rules = TapRules([strict.pk, *(one.pk for one in more)], [alice.pk, bob.pk])
        assert all(rules.lacks_reason(user, one.pk) for user in (alice, bob) for one in more)


def test_a_tap_that_is_not_there_is_known_to_nobody_who_sees_some_teams_only(alice: User) -> None:
    assert not TapRules([]).may_know(User.objects.create(username="limited"), uuid.uuid4())
