"""A copy of PostgreSQL comes back with a ledger that can be checked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from monitor.models import LedgerEntry
from tests.support import environment
from tests.support.ledger import new_ledger, written

DUMP = shutil.which("pg_dump")

pytestmark = pytest.mark.skipif(
    environment.POSTGRES is None or DUMP is None, reason="needs PostgreSQL, and its pg_dump"
)


def ran(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def verified(url: str) -> subprocess.CompletedProcess[str]:
    """Check the ledger of a database, as an operator does."""
    return subprocess.run(
        [sys.executable, "manage.py", "verifyledger"],
        cwd=Path(settings.BASE_DIR),
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def restored(transactional_db: Any, tmp_path: Path) -> str:
    """The URL of a second database, which has come back from a copy of the first."""
    # Of a chain of its own, because the tables were cleared since this process began its chain.
    written(2, new_ledger())
    assert LedgerEntry.objects.count() >= 2
    assert environment.POSTGRES
    name = f"again_{tmp_path.name}".replace("-", "_").lower()
    url, postgres = environment.POSTGRES.url(name), environment.POSTGRES.url("postgres")
    copy = str(tmp_path / "earshot.dump")
    ran("pg_dump", "--format=custom", f"--file={copy}", environment.POSTGRES.url("earshot"))
    ran("psql", "--quiet", "--command", f'CREATE DATABASE "{name}"', postgres)
    ran("pg_restore", "--no-owner", f"--dbname={url}", copy)
    return url


def test_the_ledger_of_a_copy_is_whole(restored: str) -> None:
    checked = verified(restored)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_an_entry_that_the_copy_lacks_is_named(restored: str) -> None:
    drop = "SET session_replication_role = replica; DELETE FROM monitor_ledgerentry WHERE id IN ("
    ran("psql", "--quiet", "--command", f"{drop}SELECT min(id) FROM monitor_ledgerentry)", restored)
    checked = verified(restored)
    assert checked.returncode != 0
    assert "missing" in checked.stdout + checked.stderr
