"""Accounts that an administrator connects with people at the identity provider."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from pytest_django import Settings

from monitor.models import LedgerKind, ProviderIdentity
from monitor.services import passwords, provider_accounts, provider_checks
from monitor.wire import provider_groups
from monitor.wire.provider_person import Person
from tests.support.cast import signed_in
from tests.support.checks import ids
from tests.support.ledger import entries

pytestmark = pytest.mark.django_db

ISSUER = "https://login.example.com"


@pytest.fixture(autouse=True)
def _provider(settings: Settings) -> None:
    settings.OIDC_ISSUER = ISSUER
    settings.OIDC_GROUPS = provider_groups.parse("desk = role:Supervisors, team:Sales")


def person(subject: str = "a-1", name: str = "alice") -> Person:
    return Person(subject, name, frozenset({"desk"}), frozenset())


def connect(username: str, subject: str = "a-1") -> str:
    out = StringIO()
    call_command("connectaccount", username, subject, stdout=out)
    return out.getvalue()


def test_a_connected_account_is_signed_in_to_with_the_provider(alice: User) -> None:
    assert connect("alice") == f"alice signs in with {ISSUER} now\n"
    assert provider_accounts.admit(person(name="Alice Smith")) == alice


def test_it_loses_its_password_and_sessions(alice: User) -> None:
    before = signed_in(alice)
    passwords.mark_assigned(alice)
    connect("alice")
    alice.refresh_from_db()
    assert not alice.has_usable_password()
    assert not passwords.is_assigned(alice)
    assert before.get("/")["Location"] == "/login?next=/"


def test_it_is_in_the_ledger(alice: User) -> None:
    connect("alice")
    (entry,) = entries(LedgerKind.RIGHTS_CHANGED)[-1:]
    about = {"object": "user", "name": "alice", "id": alice.pk, "subject": "a-1"}
    assert json.loads(entry.details) == about


def test_an_account_is_connected_with_one_person(alice: User) -> None:
    connect("alice")
    connect("alice", "a-2")
    assert [one.subject for one in ProviderIdentity.objects.all()] == ["a-2"]


def test_a_person_has_one_account(alice: User, bob: User) -> None:
    connect("alice")
    with pytest.raises(CommandError, match="alice has this subject"):
        connect("bob")
    assert User.objects.get(username="bob").has_usable_password()


def test_a_superuser_is_not_connected(root: User) -> None:
    with pytest.raises(CommandError, match="a superuser signs in with a password"):
        connect("root")


def test_nor_is_an_account_that_is_not_there() -> None:
    with pytest.raises(CommandError, match="no account alice"):
        connect("alice")


def test_nor_is_any_without_a_provider(alice: User, settings: Settings) -> None:
    settings.OIDC_ISSUER = ""
    with pytest.raises(CommandError, match="no OIDC_ISSUER"):
        connect("alice")


def test_another_issuers_person_of_the_same_subject_is_somebody_else(
    alice: User, settings: Settings
) -> None:
    connect("alice")
    settings.OIDC_ISSUER = "https://other.example.com"
    assert provider_accounts.admit(person(name="ann")) != alice


def test_w016_what_is_given_and_not_there() -> None:
    (found,) = provider_checks.provider_groups(None)
    assert "team:Sales" in found.msg
    assert "Supervisors" not in found.msg
    assert ids([found]) == ["monitor.W016"]


def test_nothing_is_missing_without_groups(settings: Settings) -> None:
    settings.OIDC_GROUPS = provider_groups.parse("")
    assert provider_checks.provider_groups(None) == []
