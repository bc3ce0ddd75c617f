"""The roles that an installation has, and what it says that their members may do."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.db.migrations.loader import MigrationLoader

from monitor.services import groups
from monitor.services.groups import ABILITIES, INTRODUCED, ROLES, abilities, make_roles
from tests.support.cast import permit

README = Path(settings.BASE_DIR) / "README.md"
roles = import_module("monitor.migrations.0022_roles")

pytestmark = pytest.mark.django_db


def permissions_of(role: str) -> set[str]:
    granted = Group.objects.get(name=role).permissions
    return set(granted.values_list("codename", flat=True))


def plan(*names: tuple[str, str]) -> list[tuple[Any, bool]]:
    """Return the plan of a migration that applies these."""
    return [(SimpleNamespace(app_label=app, name=name), False) for app, name in names]


class TestRoles:
    @pytest.mark.parametrize("role", ROLES)
    def test_a_new_installation_has_each_with_its_permissions(self, role: str) -> None:
        assert permissions_of(role) == set(ROLES[role])

    @pytest.mark.parametrize("role", ROLES)
    def test_each_permission_of_one_is_told(self, role: str) -> None:
        told = abilities(Group.objects.get(name=role).permissions.all())
        assert len(told) == len(ROLES[role])
        assert not any("permission" in ability for ability in told)

    def test_the_readme_has_what_each_may(self) -> None:
        """Its table has a column for each role, with a tick for each permission of the role."""
        table = re.findall(r"^\| `monitor\.(\w+)` \|(.*)\|", README.read_text(), re.MULTILINE)
        ticked: dict[str, set[str]] = {role: set() for role in ROLES}
        for codename, cells in table:
            for role, cell in zip(ROLES, cells.split("|"), strict=False):
                if cell.strip():
                    ticked[role].add(codename)
        assert [codename for codename, _ in table] == list(ABILITIES)
        assert ticked == {role: set(codenames) for role, codenames in ROLES.items()}

    def test_their_migration_exists(self) -> None:
        assert INTRODUCED in MigrationLoader(None).disk_migrations

    def test_an_older_installation_gets_those_that_it_lacks(self) -> None:
        Group.objects.exclude(name="Supervisors").delete()
        Group.objects.get().permissions.clear()
        make_roles(None, plan=plan(("monitor", "0016_full_numbers"), INTRODUCED))
        assert set(Group.objects.values_list("name", flat=True)) == set(ROLES)
        assert permissions_of("Supervisors") == set()

    def test_one_that_was_deleted_stays_so(self) -> None:
        Group.objects.all().delete()
        for later in ((), (("monitor", "0099_later"),), (("auth", "0022_roles"),)):
            make_roles(None, plan=plan(*later))
        assert not Group.objects.exists()

    def test_a_flush_brings_them_back(self) -> None:
        Group.objects.all().delete()
        make_roles(None)
        assert permissions_of("Auditors") == {"view_ledgerentry", "export_history"}

    def test_the_demos_is_there_even_after_it_was_deleted(self) -> None:
        Group.objects.all().delete()
        assert groups.ensure("Supervisors") == groups.ensure("Supervisors")


class TestAbilities:
    def test_they_are_told_in_the_order_in_which_people_ask(self) -> None:
        chosen = Permission.objects.filter(codename__in=("read_words", "view_tap"))
        expected = ["see the live list and the pages of calls", "read what is said in calls"]
        assert abilities(chosen) == expected

    def test_permissions_of_other_kinds_are_counted(self) -> None:
        chosen = Permission.objects.filter(codename__in=("listen_tap", "add_user"))
        assert abilities(chosen) == ["listen to calls", "1 other permission"]

    def test_none_is_told_of_none(self) -> None:
        assert abilities([]) == []


class TestAnOlderInstallation:
    def may(self, user: User) -> set[str]:
        held = User.objects.get(pk=user.pk).get_all_permissions()
        return {name.removeprefix("monitor.") for name in held}

    @pytest.mark.parametrize(
        ("before", "gained"),
        [
            ("view_tap", {"view_call", "export_history"}),
            ("view_call", {"export_history"}),
            ("view_listensession", {"export_history"}),
            ("view_ledgerentry", {"export_history"}),
            ("listen_tap", set()),
        ],
    )
    @pytest.mark.parametrize("by_group", [True, False])
    def test_whoever_could_do_something_still_may(
        self, charlie: User, before: str, gained: set[str], by_group: bool
    ) -> None:
        if by_group:
            group = Group.objects.create(name="Own")
            group.permissions.add(Permission.objects.get(codename=before))
            charlie.groups.add(group)
        else:
            permit(charlie, before)
        roles.keep_abilities(apps, None)
        assert self.may(charlie) == {before} | gained

    def test_where_nobody_could_nothing_is_made(self) -> None:
        Group.objects.all().delete()
        Permission.objects.filter(codename="export_history").delete()
        roles.keep_abilities(apps, None)
        assert not Permission.objects.filter(codename="export_history").exists()
