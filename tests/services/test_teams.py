"""Agents appear by themselves, and an installation that is older than teams gets one."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries

from monitor.models import Agent, Call, ListenSession, Tap, Team
from monitor.services import calls, taps, teams
from monitor.services.listens import Client
from tests.support.cast import permit
from tests.support.listening import begin_listening

pytestmark = pytest.mark.django_db

first_team = import_module("monitor.migrations.0014_first_team")
agents_of_taps = import_module("monitor.migrations.0027_indexes_of_a_year")


def lock(call_id: str, agent: str) -> Call:
    with transaction.atomic():
        return calls.lock(Call(call_id=call_id, agent=agent))


class TestAgentsAppear:
    def test_an_agent_appears_with_its_first_tap_and_belongs_to_no_team(self) -> None:
        taps.open_tap("call-1", agent="sales")
        taps.open_tap("call-2", agent="sales")
        agent = Agent.objects.get()
        assert (agent.name, agent.team) == ("sales", None)

    def test_it_joins_the_team_that_takes_new_agents(self) -> None:
        Team.objects.create(name="Support")
        open_team = Team.objects.create(name="All", takes_new_agents=True)
        taps.open_tap("call-1", agent="sales")
        assert Agent.objects.get().team == open_team

    def test_an_agent_that_is_known_stays_where_it_is(self) -> None:
        known = Agent.objects.create(name="sales", team=Team.objects.create(name="Sales"))
        Team.objects.create(name="All", takes_new_agents=True)
        taps.open_tap("call-1", agent="sales")
        assert Agent.objects.get().team == known.team

    def test_it_appears_when_a_call_gets_its_name_later(self) -> None:
        lock("call-1", "")
        assert not Agent.objects.exists()
        lock("call-1", "sales")
        assert Agent.objects.get().name == "sales"

    def test_its_name_is_then_in_the_rows_of_the_call_too(self, alice: User) -> None:
        tap = taps.open_tap("call-1").tap
        listen = begin_listening(alice, tap, Client("192.0.2.7", "Browser"))
        assert (tap.agent, listen.agent) == ("", "")
        lock("call-1", "sales")
        tap.refresh_from_db()
        listen.refresh_from_db()
        assert (tap.agent, listen.agent) == ("sales", "sales")

    def test_the_rows_of_a_call_have_it_from_their_beginning_if_it_is_known(
        self, alice: User
    ) -> None:
        tap = taps.open_tap("call-1", agent="sales").tap
        listen = begin_listening(alice, tap, Client("192.0.2.7", "Browser"))
        assert (tap.agent, listen.agent) == ("sales", "sales")

    def test_what_is_told_of_a_known_call_asks_for_no_agent(
        self, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        lock("call-1", "sales")
        with django_assert_num_queries(3), transaction.atomic():  # two are a savepoint’s
            calls.lock(Call(call_id="call-1", agent="sales"))


class TestTheTeamForNewAgents:
    def test_only_one_team_takes_them(self) -> None:
        Team.objects.create(name="All", takes_new_agents=True)
        with pytest.raises(IntegrityError):
            Team.objects.create(name="More", takes_new_agents=True)

    def test_it_is_made_once(self) -> None:
        assert teams.ensure_for_new_agents("Demo") == teams.ensure_for_new_agents("Demo")

    def test_another_one_that_takes_them_stays_the_one(self) -> None:
        other = Team.objects.create(name="All", takes_new_agents=True)
        assert teams.ensure_for_new_agents("Demo") == other

    def test_a_team_of_that_name_takes_them_again(self) -> None:
        team = teams.ensure_for_new_agents("Demo")
        Team.objects.update(takes_new_agents=False)
        assert teams.ensure_for_new_agents("Demo") == team


class TestAnOlderInstallation:
    def migrate(self) -> None:
        first_team.keep_in_sight(apps, None)

    @pytest.fixture
    def supervisor(self) -> User:
        """A user who may see calls, as a member of a group."""
        user = User.objects.create_user("supervisor")
        user.groups.add(Group.objects.get(name="Supervisors"))
        return user

    def test_all_who_see_calls_and_all_agents_are_in_one_team(
        self, supervisor: User, charlie: User
    ) -> None:
        permit(supervisor, "view_tap")  # twice: directly, and by the group
        permit(charlie, "view_tap")
        User.objects.create_user("nobody")
        for number, agent in enumerate(("sales", "support", "sales", "")):
            Call.objects.create(call_id=f"call-{number}", agent=agent)
        self.migrate()
        team = Team.objects.get()
        assert (team.name, team.takes_new_agents) == ("All agents", True)
        assert set(team.members.all()) == {supervisor, charlie}
        assert {agent.name for agent in team.agents.all()} == {"sales", "support"}

    def test_who_saw_calls_before_the_first_one_sees_it(self, supervisor: User) -> None:
        self.migrate()
        taps.open_tap("call-1", agent="sales")
        assert Agent.objects.get().team in supervisor.teams.all()

    def test_a_new_one_has_no_team(self) -> None:
        User.objects.create_superuser("root")
        self.migrate()
        assert not Team.objects.exists()


def test_taps_and_listens_of_an_older_installation_get_the_agent_of_their_call(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents_of_taps, "CALLS", 2)
    for number in range(5):
        tap = taps.open_tap(f"call-{number}", agent=f"agent-{number}").tap
        begin_listening(alice, tap, Client("192.0.2.7", "Browser"))
    for rows in (Tap.objects, ListenSession.objects):
        rows.update(agent="")
    agents_of_taps.copy_agents(apps, None)
    for rows in (Tap.objects, ListenSession.objects):
        agents = sorted(rows.values_list("agent", flat=True))
        assert agents == [f"agent-{number}" for number in range(5)]
