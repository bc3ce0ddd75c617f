"""Sockets of users who must have a second factor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from channels.db import database_sync_to_async
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from monitor.web.sockets import paths
from tests.support.provider import Provider, sign_in
from tests.support.second_factors import add_app
from tests.support.servers import Server
from tests.support.talk import closing, message_of, open_tap


@pytest.fixture(scope="module")
def strict(django_db_setup: Any, static_files: None) -> Iterator[Server]:
    """A server that demands a second factor of everybody."""
    with Server(REQUIRE_SECOND_FACTOR="everybody") as server:
        yield server


async def test_none_opens_before_it_is_set_up(
    strict: Server, transactional_db: None, alice: User
) -> None:
    opened = await open_tap()
    for page in (strict.console(alice), strict.listen(opened.tap.pk, alice)):
        async with page as socket:
            assert await closing(socket) == (4403, "set up your second factor first")


async def test_an_open_one_ends_when_the_last_factor_is_removed(
    strict: Server, transactional_db: None, alice: User
) -> None:
    await database_sync_to_async(add_app)(alice)
    async with strict.console(alice) as page:
        await message_of(page, "snapshot")
        await database_sync_to_async(Authenticator.objects.all().delete)()
        assert await closing(page) == (4410, "set up your second factor first")


def session_of(provider: Provider, *methods: str) -> str:
    """Return the Cookie header of Ann, of whom the provider has asked for these."""
    provider.knows("a-1", preferred_username="ann", groups=["desk"], amr=methods)
    client = Client()
    sign_in(client, provider, "a-1")
    name = django_settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"


async def test_the_providers_counts_in_the_session_that_it_was_asked_for(
    strict: Server, transactional_db: None, provider: Provider, settings: Settings
) -> None:
    settings.OIDC_SECOND_FACTOR = frozenset({"mfa"})
    with_factor, without = [
        await database_sync_to_async(session_of)(provider, *methods)
        for methods in (["pwd", "mfa"], ["pwd"])
    ]
    async with strict.with_cookie(paths.CONSOLE, without) as page:
        assert await closing(page) == (4403, "set up your second factor first")
    async with strict.with_cookie(paths.CONSOLE, with_factor) as page:
        await message_of(page, "snapshot")
