"""Teams and agents in the admin: who manages them, and what their pages change."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from monitor.models import AdminAction, Agent, Team
from tests.support.cast import permit

TEAMS = "/admin/monitor/team/"
AGENTS = "/admin/monitor/agent/"
MANAGING = [
    f"{action}_{model}" for action in ("add", "change", "view") for model in ("team", "agent")
]

pytestmark = pytest.mark.django_db


@pytest.fixture
def sales() -> Team:
    return Team.objects.create(name="Sales")


@pytest.fixture
def support() -> Team:
    return Team.objects.create(name="Support")


def save(client: Client, team: Team, **changed: Any) -> Any:
    return client.post(f"{TEAMS}{team.pk}/change/", {"name": team.name, **changed})


def assign(client: Client, agents: list[Agent], team: Team | None) -> Any:
    chosen = {"_selected_action": [agent.pk for agent in agents], "action": "assign_to_team"}
    return client.post(AGENTS, {**chosen, "team": team.pk if team else ""}, follow=True)


def test_a_teams_page_sets_its_members_and_its_agents(
    as_root: Client, sales: Team, support: Team, charlie: User
) -> None:
    stays, leaves, comes = (
        Agent.objects.create(name=name) for name in ("stays", "leaves", "comes")
    )
    sales.agents.set([stays, leaves])
    support.agents.add(comes)
    answer = save(as_root, sales, members=[charlie.pk], agents=[stays.pk, comes.pk])
    assert answer.status_code == HTTPStatus.FOUND
    assert set(sales.agents.all()) == {stays, comes}
    assert list(sales.members.all()) == [charlie]
    assert not support.agents.exists()
    leaves.refresh_from_db()
    assert leaves.team is None


def test_a_teams_page_shows_what_it_has(as_root: Client, sales: Team) -> None:
    agent = Agent.objects.create(name="receptionist", team=sales)
    form = as_root.get(f"{TEAMS}{sales.pk}/change/").context["adminform"].form
    assert form["agents"].value() == [agent.pk]
    row = as_root.get(TEAMS).context["cl"].result_list[0]
    assert (row.n_members, row.n_agents) == (0, 1)


def test_a_second_team_cannot_take_new_agents(as_root: Client, sales: Team, support: Team) -> None:
    save(as_root, sales, takes_new_agents="on")
    refused = save(as_root, support, takes_new_agents="on")
    assert "Another team takes new agents already." in refused.content.decode()
    assert Team.objects.get(takes_new_agents=True) == sales


def test_agents_without_a_team_are_found_and_assigned(as_root: Client, sales: Team) -> None:
    Agent.objects.create(name="placed", team=sales)
    new = [Agent.objects.create(name=f"new-{number}") for number in range(2)]
    found = as_root.get(f"{AGENTS}?team=none").context["cl"].result_list
    assert set(found) == set(new)
    answer = assign(as_root, new, sales)
    assert "2 agents were assigned." in answer.content.decode()
    assert sales.agents.count() == 3
    assert AdminAction.objects.filter(kind="changed").count() == 2


def test_agents_are_filtered_by_team(as_root: Client, sales: Team, support: Team) -> None:
    placed = Agent.objects.create(name="placed", team=sales)
    Agent.objects.create(name="other", team=support)
    assert list(as_root.get(f"{AGENTS}?team={sales.pk}").context["cl"].result_list) == [placed]


def test_agents_are_taken_out_of_their_team(as_root: Client, sales: Team) -> None:
    agent = Agent.objects.create(name="placed", team=sales)
    assign(as_root, [agent], None)
    agent.refresh_from_db()
    assert agent.team is None


def test_a_team_that_does_not_exist_is_refused(as_root: Client, sales: Team) -> None:
    agent = Agent.objects.create(name="placed", team=sales)
    gone = Team(pk=sales.pk + 1)
    assert assign(as_root, [agent], gone).status_code == HTTPStatus.OK
    agent.refresh_from_db()
    assert agent.team == sales


def test_an_agent_keeps_its_name(as_root: Client) -> None:
    agent = Agent.objects.create(name="receptionist")
    as_root.post(f"{AGENTS}{agent.pk}/change/", {"name": "other", "team": ""})
    agent.refresh_from_db()
    assert agent.name == "receptionist"


@pytest.mark.parametrize("path", [TEAMS, AGENTS, f"{TEAMS}add/", f"{AGENTS}add/"])
def test_who_does_not_see_all_teams_cannot_manage_them(
    staff: Client, charlie: User, path: str
) -> None:
    permit(charlie, *MANAGING)
    assert staff.get(path).status_code == HTTPStatus.FORBIDDEN
    permit(charlie, "see_all_teams")
    assert staff.get(path).status_code == HTTPStatus.OK


def test_who_does_not_see_all_teams_cannot_join_one(
    staff: Client, charlie: User, sales: Team
) -> None:
    permit(charlie, *MANAGING)
    assert save(staff, sales, members=[charlie.pk]).status_code == HTTPStatus.FORBIDDEN
    assert not sales.members.exists()
