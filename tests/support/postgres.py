"""A PostgreSQL of the run's own, because SQLite's locks, types and patterns are different."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from django.db import OperationalError

STARTS_WITHIN = 30.0  # seconds, making its files included
CLEARS_WITHIN = 10.0  # seconds
USER = "earshot"

#: Makes the files and serves until standard input ends, which it does when the process
#: that holds the other end dies in whatever way. Then it leaves no file behind.
SCRIPT = f"""
initdb --pgdata="$1/data" --username={USER} --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
    --no-sync >"$1/log" 2>&1 || exit
postgres -D "$1/data" -k "$1" -c listen_addresses= -c max_connections=300 \
    -c fsync=off -c full_page_writes=off -c synchronous_commit=off >>"$1/log" 2>&1 &
read -r _
kill -QUIT $!
wait
rm -rf "$1"
"""


class PostgresServer:
    """PostgreSQL on a Unix socket in a directory of its own, with nothing synced to disk.

    As root it runs as the user postgres, or nobody: PostgreSQL refuses to run as root.
    """

    def __init__(self) -> None:
        # Not in the run's directory, which another user may not enter.
        self._directory = Path(tempfile.mkdtemp(prefix="earshot-postgres-"))
        self._user = unprivileged() if os.getuid() == 0 else None
        if self._user:
            shutil.chown(self._directory, self._user.pw_name)

    def url(self, database: str) -> str:
        """Return the DATABASE_URL of a database on this server."""
        return f"postgres://{USER}@/{database}?host={self._directory}"

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", SCRIPT, "sh", str(self._directory)],
            stdin=subprocess.PIPE,
            **self._credentials(),
            cwd=self._directory,
            start_new_session=True,  # Ctrl-C is for the tests, which need it to the end
        )
        until = time.monotonic() + STARTS_WITHIN
        while not self._answers():
            assert self._process.poll() is None, self._said()
            assert time.monotonic() < until, self._said()
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(10)

    def is_running(self) -> bool:
        return self._process.poll() is None

    def _credentials(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _answers(self) -> bool:
        """Return whether the lock file's last line is "ready", so that it accepts connections."""
        lock = self._directory / "data" / "postmaster.pid"
        return lock.exists() and lock.read_text().rstrip().endswith("ready")

    def _said(self) -> str:
        return (self._directory / "log").read_text(errors="replace")


def let_workers_finish(operations: Any) -> None:
    """Make Django's TRUNCATE of all tables yield to a server that holds locks on some.

    It takes the tables one after the other, and a worker in a transaction may hold one
    and wait for another that is already taken: a deadlock, which PostgreSQL ends after
    1 s by an error, in the worker as often as here. So it gives up long before that,
    which lets the worker finish, and tries again.
    """
    truncate = operations.execute_sql_flush

    def patiently(statements: list[str]) -> None:
        until = time.monotonic() + CLEARS_WITHIN
        while True:
            try:
                truncate(["SET LOCAL lock_timeout = '200ms'", *statements])
            except OperationalError:
                if time.monotonic() > until:
                    raise
            else:
                return

    operations.execute_sql_flush = patiently


def unprivileged() -> pwd.struct_passwd:
    users = {user.pw_name: user for user in pwd.getpwall()}
    return users.get("postgres") or users["nobody"]
