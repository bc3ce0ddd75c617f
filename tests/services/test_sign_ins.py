"""Who is signed in by several sessions is read at once, with what each may do."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import Settings

from monitor.services import permissions
from monitor.services.sign_ins import sign_ins_of

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.session.session_key or ""


def test_each_session_has_its_own_user(alice: User, bob: User) -> None:
    hers, his = signed_in(alice), signed_in(bob)
    found = sign_ins_of([hers, his, "unknown"])
    assert {key: one.user for key, one in found.items()} == {hers: alice, his: bob}


@pytest.fixture
def limited(bob: User) -> User:
    """A user with a permission of his own, and no group."""
    bob.groups.clear()
    bob.user_permissions.add(Permission.objects.get(codename="listen_tap"))
    return bob


def test_any_number_of_them_takes_three_queries(
    alice: User, limited: User, charlie: User, django_assert_num_queries: Any
) -> None:
    keys = [signed_in(user) for user in (alice, limited, charlie)]
    with django_assert_num_queries(3):
        found = sign_ins_of(keys)
        heard = [permissions.may_listen(found[key].user) for key in keys]
    assert heard == [True, True, False]


def test_each_may_what_django_says(
    alice: User, limited: User, charlie: User, admin_user: User
) -> None:
    for user in (alice, limited, charlie, admin_user):
        again = User.objects.get(pk=user.pk)
        [found] = sign_ins_of([signed_in(user)]).values()
        assert found.user.get_all_permissions() == again.get_all_permissions()


def test_a_user_who_is_locked_and_one_whose_password_is_new_are_not_signed_in(
    alice: User, bob: User
) -> None:
    keys = [signed_in(alice), signed_in(bob)]
    alice.is_active = False
    alice.save()
    bob.set_password("another password")
    bob.save()
    assert sign_ins_of(keys) == {}


def test_a_session_of_a_backend_that_is_gone_signs_nobody_in(
    alice: User, settings: Settings
) -> None:
    key = signed_in(alice)
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.RemoteUserBackend"]
    assert sign_ins_of([key]) == {}
