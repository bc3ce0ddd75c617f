"""Sessions end some hours after the sign-in, and after a time without use."""

from __future__ import annotations

import datetime
import time
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from monitor.services.session_store import SessionStore
from monitor.services.sign_ins import sign_ins_of
from tests.support.cast import signed_in
from tests.support.servers import Server
from tests.support.talk import closing, message_of, open_tap

HOUR = 3600


def ago(seconds: float, client: Client) -> None:
    """Move a browser's sign-in into the past. Its session has just been used."""
    session = client.session
    session["signed_in_at"] -= seconds
    session.save()


def unused(seconds: float, client: Client) -> None:
    """Let a browser's session have been used last so many seconds ago."""
    rows = Session.objects.filter(session_key=client.session.session_key)
    ends = rows.get().expire_date
    rows.update(expire_date=ends - datetime.timedelta(seconds=seconds))


def is_open(client: Client) -> bool:
    """Return whether a page opens, which counts as a use of the session."""
    return bool(client.get("/").status_code == 200)


def left(client: Client) -> float:
    """Return how many seconds a browser's session has, if it is not used."""
    row = Session.objects.get(session_key=client.session.session_key)
    return (row.expire_date - timezone.now()).total_seconds()


@pytest.fixture(autouse=True)
def _limits(settings: Settings) -> None:
    settings.SESSION_COOKIE_AGE = 12 * HOUR
    settings.SESSION_IDLE = HOUR


class TestWithoutUse:
    def test_it_ends_after_the_time_that_is_set(self, as_alice: Client) -> None:
        unused(HOUR - 5, as_alice)
        assert is_open(as_alice)
        unused(HOUR + 5, as_alice)
        assert not is_open(as_alice)

    def test_each_use_puts_the_end_off(self, as_alice: Client) -> None:
        for _ in range(4):
            unused(HOUR / 2, as_alice)
            assert is_open(as_alice)
        assert left(as_alice) > HOUR - 60

    def test_what_was_used_a_moment_ago_is_not_written_again(self, as_alice: Client) -> None:
        unused(60, as_alice)
        is_open(as_alice)
        assert left(as_alice) < HOUR - 50

    def test_an_open_socket_is_a_use(self, as_alice: Client) -> None:
        unused(HOUR / 2, as_alice)
        assert sign_ins_of([as_alice.session.session_key or ""])
        assert left(as_alice) > HOUR - 60


class TestAfterTheSignIn:
    def test_it_ends_however_much_it_is_used(self, as_alice: Client) -> None:
        for _ in range(23):
            ago(HOUR / 2, as_alice)
            assert is_open(as_alice)
        ago(HOUR / 2, as_alice)
        assert not is_open(as_alice)

    def test_the_cookie_lives_as_long(self, client: Client, alice: User) -> None:
        client.post("/login", {"username": "alice", "password": "alice's password"})
        assert int(client.cookies["sessionid"]["max-age"]) == pytest.approx(12 * HOUR, abs=5)

    def test_a_lower_limit_holds_for_sessions_that_are_open(
        self, as_alice: Client, settings: Settings
    ) -> None:
        settings.SESSION_COOKIE_AGE = HOUR
        ago(HOUR / 2, as_alice)
        assert is_open(as_alice)
        assert left(as_alice) <= HOUR / 2

    def test_nobodys_session_has_an_end_too(self, db: None) -> None:
        store = SessionStore()
        store["mfa"] = 1
        store.save()
        assert store.get_expiry_age() == pytest.approx(12 * HOUR, abs=5)


@pytest.fixture(scope="module")
def brief(django_db_setup: Any, static_files: None) -> Any:
    """A server whose sessions live for an hour."""
    with Server(SESSION_MAX_HOURS="1") as server:
        yield server


def about_to_end(user: User, seconds: float) -> str:
    """Return the cookie of a session that ends in so many seconds."""
    client = signed_in(user)
    session = client.session
    session["signed_in_at"] = time.time() - HOUR + seconds
    session.save()
    return f"sessionid={session.session_key}"


async def test_open_sockets_are_closed_4401_when_the_session_is_over(
    brief: Server, transactional_db: None, alice: User
) -> None:
    opened = await open_tap()
    cookie = await database_sync_to_async(about_to_end)(alice, 2)
    listen = brief.with_cookie(f"/listen/{opened.tap.pk}", cookie)
    async with brief.with_cookie("/console", cookie) as console, listen as ear:
        await message_of(console, "snapshot")
        await message_of(ear, "hello")
        for page in (console, ear):
            assert await closing(page) == (4401, "your session is over")
    async with brief.with_cookie("/console", cookie) as console:
        assert (await closing(console))[0] == 4401
