"""Who sees callers' numbers after an installation was updated that masked none before."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User

from monitor.services.permissions import sees_full_numbers
from tests.support.cast import permit

full_numbers = import_module("monitor.migrations.0016_full_numbers")


@pytest.fixture
def migrated_from(db: None) -> None:
    """The permission is not there yet: Django makes it after the migrations."""
    Permission.objects.get(codename="see_full_numbers").delete()


@pytest.mark.usefixtures("migrated_from")
def test_whoever_saw_numbers_sees_them_still(charlie: User) -> None:
    member, staff = (User.objects.create_user(name) for name in ("member", "staff"))
    member.groups.add(Group.objects.get(name="Supervisors"))
    permit(staff, "view_call")
    full_numbers.keep_numbers_shown(apps, None)
    seen = [sees_full_numbers(User.objects.get(pk=user.pk)) for user in (member, staff, charlie)]
    assert seen == [True, True, False]


@pytest.mark.usefixtures("migrated_from")
def test_a_new_installation_has_nobody_to_grant_it_to() -> None:
    Group.objects.all().delete()
    User.objects.create_superuser("root")
    full_numbers.keep_numbers_shown(apps, None)
    assert not Permission.objects.filter(codename="see_full_numbers").exists()


def test_the_group_of_a_new_installation_sees_masks(db: None) -> None:
    group = Group.objects.get(name="Supervisors")
    assert not group.permissions.filter(codename="see_full_numbers").exists()
