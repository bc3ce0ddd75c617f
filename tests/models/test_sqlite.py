"""Connections to SQLite: sockets share one that stays open, requests leave none behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.signals import request_finished
from django.db.utils import ConnectionHandler

from monitor.concurrency import in_thread
from monitor.models import sqlite

pytestmark = pytest.mark.skipif(
    settings.DATABASES["default"]["ENGINE"] != "django.db.backends.sqlite3", reason="about SQLite"
)


@pytest.fixture
def connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_db_blocker: Any
) -> Iterator[ConnectionHandler]:
    """Connections to a file, because Django closes none to a database in memory."""
    ours: dict[str, Any] = settings.DATABASES["default"]
    made = ConnectionHandler({"default": {**ours, "NAME": str(tmp_path / "one.sqlite3")}})
    monkeypatch.setattr(sqlite, "connections", made)
    monkeypatch.setattr("django.db.connections", made)
    with django_db_blocker.unblock():
        yield made


async def test_the_thread_of_the_sockets_keeps_its_connection(
    connections: ConnectionHandler,
) -> None:
    def connection() -> object:
        connections["default"].ensure_connection()
        return connections["default"].connection

    first = await in_thread(connection)()
    assert await in_thread(connection)() is first


def test_a_request_closes_the_connection_of_its_thread(connections: ConnectionHandler) -> None:
    connections["default"].ensure_connection()
    request_finished.send(sender=None)
    assert connections["default"].connection is None


def test_a_transaction_is_not_cut(connections: ConnectionHandler) -> None:
    connection = connections["default"]
    connection.ensure_connection()
    connection.in_atomic_block = True
    request_finished.send(sender=None)
    assert not connection.closed_in_transaction
    connection.in_atomic_block = False
    connection.close()
