"""No token, password, number, name or word is in a line that a server or a command logs."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from channels.db import database_sync_to_async
from django.conf import settings
from django.db.models import F

from monitor.models import Call, ListenSession, Tap
from tests.support.main_path import KEYS, OWN_KEY, OWN_LOGIN, MainPath, found_in, lines_with
from tests.support.rest import TOKEN, FakeRest
from tests.support.servers import Server

KINDS = ("daphne", "uvicorn")
AGENTS = "agents.asgi:application"
LOUD = {"LOG_LEVEL": "DEBUG", "SIGNALWIRE_LOG_LEVEL": "DEBUG"}
LOUDEST = {"daphne": ("-v", "3"), "uvicorn": ("--log-level", "debug")}
KEEP_LITTLE = [
    f"--{kind}-days=1" for kind in ("calls", "words", "listens", "sign-ins", "admin-log")
]
OF_WHEN = (
    (Call, "created_at"),
    (Tap, "ended_at"),
    (ListenSession, "started_at"),
    (AccessAttempt, "attempt_time"),
    (AccessFailureLog, "attempt_time"),
    (AccessLog, "attempt_time"),
)
VERIFY = ["verifyledger"]
COMMANDS = (["prune", *KEEP_LITTLE], ["closelost"], VERIFY)


@pytest.fixture
def rest() -> Iterator[FakeRest]:
    with FakeRest() as fake:
        yield fake


async def walked(
    kind: str, rest: FakeRest, app: str, *arguments: str, **options: str
) -> tuple[Server, MainPath]:
    """Start a server, walk the main path, and stop it."""
    given = {"SIGNALWIRE_SPACE": rest.space, "SIGNALWIRE_PROJECT_ID": "project-1"}
    given["SIGNALWIRE_API_TOKEN"] = TOKEN
    server = Server(kind, app, *arguments, allowed="Traceback", **given, **options)
    with server:
        path = MainPath(server, rest)
        await path.walk()
    return server, path


def commands_said() -> str:
    """Run the commands that work on rows, two days later, and return all that they print.

    ``verifyledger`` may find a fault: a server that other tests share goes on with its chain, of
    which they have cleared the beginning.
    """
    for model, field in OF_WHEN:
        model._default_manager.update(**{field: F(field) - datetime.timedelta(days=2)})
    said = ""
    for command in COMMANDS:
        ran = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=settings.BASE_DIR,
            env={**os.environ, "LOG_LEVEL": "DEBUG"},
            capture_output=True,
            text=True,
        )
        told = ran.stdout + ran.stderr
        assert ran.returncode == 0 or command == VERIFY, told
        assert "Traceback" not in told
        said += told
    return said


@pytest.mark.usefixtures("transactional_db", "static_files")
@pytest.mark.parametrize("loud", [False, True], ids=["shipped", "debug"])
@pytest.mark.parametrize("kind", KINDS)
async def test_no_line_has_a_secret(kind: str, loud: bool, rest: FakeRest) -> None:
    arguments = LOUDEST[kind] if loud else ()
    server, path = await walked(kind, rest, AGENTS, *arguments, **(LOUD if loud else {}))
    said = server.said()
    for sign in ("Traceback", "/tap/…", "/calls/…", "did not start a tap", "is not passed on"):
        assert sign in said, f"{sign} is missing, so the path was not walked:\n{said}"
    said += await database_sync_to_async(commands_said)()
    assert lines_with(said, {*path.secrets, *KEYS, OWN_KEY, OWN_LOGIN}) == []


@pytest.mark.usefixtures("transactional_db", "static_files")
@pytest.mark.parametrize("kind", KINDS)
async def test_every_secret_is_found_where_a_line_has_it(kind: str, rest: FakeRest) -> None:
    server, path = await walked(kind, rest, "tests.support.telling_app:application")
    assert found_in(server.said(), path.secrets) == path.secrets
