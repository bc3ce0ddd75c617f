"""Two first sign-ins of one person with the identity provider, at the same time.

On SQLite the second waits until the first is done, because each writes.
"""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from pytest_django import Settings

from monitor.models import ProviderIdentity
from monitor.services import provider_accounts
from monitor.wire import provider_groups
from monitor.wire.provider_person import Person
from tests.support import environment

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not environment.POSTGRES, reason="SQLite lets one write after the other"),
]

ANN = Person("a-1", "ann", frozenset({"desk"}), frozenset())


@pytest.fixture(autouse=True)
def _provider(settings: Settings) -> None:
    settings.OIDC_ISSUER = "https://login.example.com"
    settings.OIDC_GROUPS = provider_groups.parse("desk = staff")


def in_threads(times: int) -> list[Any]:
    """Admit her in so many threads at once, and return what came of each: the account or the
    error."""
    came: list[Any] = []

    def run() -> None:
        try:
            came.append(provider_accounts.admit(ANN))
        except Exception as error:
            came.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return came


def test_both_are_signed_in_to_one_account(monkeypatch: pytest.MonkeyPatch) -> None:
    both_know_of_none = threading.Barrier(2)
    real = provider_accounts._make

    def together(name: str) -> Any:
        both_know_of_none.wait(timeout=10)
        return real(name)

    monkeypatch.setattr(provider_accounts, "_make", together)
    came = in_threads(2)
    assert came == [User.objects.get(username="ann")] * 2
    assert ProviderIdentity.objects.count() == 1


def test_so_they_are_if_the_other_is_done_before_the_name_is_looked_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = provider_accounts._make
    others: list[Any] = []

    def after_the_other(name: str) -> Any:
        if not others:
            others.append(None)
            others[:] = in_threads(1)
        return real(name)

    monkeypatch.setattr(provider_accounts, "_make", after_the_other)
    assert [provider_accounts.admit(ANN)] == others
