"""Whoever changes who may do what, and by which way, is in the ledger."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.test import Client

from monitor.models import Agent, LedgerEntry, LedgerKind, Team
from monitor.services import ledger, teams
from tests.support.ledger import entries, faults

pytestmark = pytest.mark.django_db


def changes() -> list[dict[str, Any]]:
    """Return what the entries say, without the kinds and ids of what they are about."""
    told = [json.loads(entry.details) for entry in entries(LedgerKind.RIGHTS_CHANGED)]
    return [
        {name: value for name, value in one.items() if name not in ("id", "object")} for one in told
    ]


def new_changes(before: int) -> list[dict[str, Any]]:
    return changes()[before:]


@pytest.fixture
def sales() -> Team:
    return Team.objects.create(name="Sales")


class TestAccounts:
    def test_a_group_that_is_given_and_taken(self, charlie: User) -> None:
        group = Group.objects.create(name="Leads")
        charlie.groups.add(group)
        charlie.groups.remove(group)
        group.user_set.add(charlie)
        assert changes() == [
            {"name": "charlie", "of": "group", "added": ["Leads"]},
            {"name": "charlie", "of": "group", "removed": ["Leads"]},
            {"name": "Leads", "of": "user", "added": ["charlie"]},
        ]

    def test_all_groups_that_are_taken(self, charlie: User) -> None:
        charlie.groups.clear()
        assert changes() == [{"name": "charlie", "of": "group", "cleared": "all"}]

    def test_a_permission_of_a_group(self, charlie: User) -> None:
        group = Group.objects.get(name="Supervisors")
        permission = group.permissions.get(codename="listen_tap")
        group.permissions.remove(permission)
        assert changes() == [{"name": "Supervisors", "of": "permission", "removed": ["listen_tap"]}]

    def test_a_permission_of_a_user(self, charlie: User) -> None:
        charlie.user_permissions.set(Group.objects.get(name="Supervisors").permissions.all()[:1])
        [change] = changes()
        assert (change["of"], len(change["added"])) == ("permission", 1)

    @pytest.mark.parametrize("field", ["is_active", "is_staff", "is_superuser"])
    def test_what_an_account_is(self, charlie: User, field: str) -> None:
        value = not getattr(charlie, field)
        setattr(charlie, field, value)
        charlie.save()
        charlie.save()  # changes nothing
        assert changes() == [{"name": "charlie", field: value}]

    def test_a_new_account_with_rights(self) -> None:
        User.objects.create_superuser("root")
        assert changes() == [{"name": "root", "is_staff": True, "is_superuser": True}]

    def test_an_account_and_a_group_that_are_deleted(self, charlie: User) -> None:
        charlie.delete()
        Group.objects.get(name="Supervisors").delete()
        deleted = [{"name": name, "deleted": True} for name in ("charlie", "Supervisors")]
        assert changes() == deleted

    def test_accounts_that_are_deleted_together(self, charlie: User) -> None:
        User.objects.filter(pk=charlie.pk).delete()
        assert changes() == [{"name": "charlie", "deleted": True}]


class TestTeams:
    def test_members(self, sales: Team, charlie: User) -> None:
        sales.members.add(charlie)
        charlie.teams.remove(sales)
        assert changes() == [
            {"name": "Sales", "of": "user", "added": ["charlie"]},
            {"name": "charlie", "of": "team", "removed": ["Sales"]},
        ]

    def test_the_team_of_an_agent(self, sales: Team) -> None:
        agent = Agent.objects.create(name="desk")
        agent.team = sales
        agent.save()
        Agent.objects.update(team=None)
        assert changes() == [{"name": "desk", "team": "Sales"}, {"name": "desk", "team": None}]

    def test_the_agents_of_a_team(self, sales: Team) -> None:
        sales.agents.set([Agent.objects.create(name="desk")])
        assert changes() == [{"name": "desk", "team": "Sales"}]

    def test_agents_that_join_by_themselves_are_no_change_but_the_teams_taking_them_is(
        self, sales: Team
    ) -> None:
        sales.takes_new_agents = True
        sales.save()
        teams.meet_agent("desk")
        assert changes() == [{"name": "Sales", "takes_new_agents": True}]

    def test_what_a_team_demands(self, sales: Team) -> None:
        sales.needs_notice = sales.needs_reason = True
        sales.save()
        Team.objects.create(name="Support", needs_reason=True)
        assert changes() == [
            {"name": "Sales", "needs_notice": True, "needs_reason": True},
            {"name": "Support", "needs_reason": True},
        ]


class TestWho:
    def test_whoever_does_it_on_a_page_is_named(self, as_root: Client, charlie: User) -> None:
        before = len(changes())
        as_root.post(
            f"/admin/auth/user/{charlie.pk}/change/",
            {
                "username": "charlie",
                "is_active": "on",
                "groups": [Group.objects.get(name="Supervisors").pk],
                "date_joined_0": "2026-01-01",
                "date_joined_1": "00:00:00",
            },
        )
        assert new_changes(before) == [{"name": "charlie", "of": "group", "added": ["Supervisors"]}]
        assert entries(LedgerKind.RIGHTS_CHANGED)[-1].username == "root"

    def test_nobody_is_named_for_a_command(self, charlie: User) -> None:
        charlie.delete()
        [entry] = entries(LedgerKind.RIGHTS_CHANGED)
        assert (entry.username, entry.user_id) == ("", None)


class Undone(Exception):
    """Has a transaction rolled back."""


def undo(change: Callable[[], object]) -> None:
    """Do something in a transaction that is rolled back."""
    with suppress(Undone), transaction.atomic():
        change()
        raise Undone


class TestTogether:
    """The entry and the change are one transaction."""

    def test_what_is_rolled_back_is_not_in_the_ledger(self, charlie: User) -> None:
        undo(lambda: charlie.user_permissions.clear())
        charlie.groups.clear()
        assert [change["of"] for change in changes()] == ["group"]
        assert faults() == {}

    def test_the_chain_goes_on_after_a_part_was_rolled_back(self, charlie: User) -> None:
        charlie.groups.clear()
        undo(charlie.groups.clear)
        charlie.groups.clear()
        chains = LedgerEntry.objects.filter(kind=LedgerKind.RIGHTS_CHANGED).values("chain")
        assert (chains.distinct().count(), faults()) == (1, {})

    def test_nothing_is_changed_that_cannot_be_recorded(
        self, charlie: User, full_ledger: None
    ) -> None:
        group = Group.objects.get(name="Supervisors")
        with pytest.raises(ledger.NotWritten), transaction.atomic():
            charlie.groups.add(group)
        assert not charlie.groups.exists()
