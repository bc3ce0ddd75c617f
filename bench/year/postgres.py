"""A PostgreSQL of the benchmark's own, in a directory that may be kept."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.testbed import end_with_parent
from tests.support.postgres import USER, unprivileged

PROGRAMS = "/usr/lib/postgresql/15/bin"  # where Debian has them; those in PATH come first
STARTS_WITHIN = 60.0  # seconds, with what it recovers after a crash
STOPS_WITHIN = 120.0  # seconds
#: As a machine with 8 GB for it would be set up. All is synced to disk.
OPTIONS = {
    "listen_addresses": "",
    "shared_buffers": "1GB",
    "effective_cache_size": "4GB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "4GB",
}


class Postgres:
    """PostgreSQL on a Unix socket in its directory. As root it runs as another user."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._data = directory / "data"
        self._user = unprivileged() if os.getuid() == 0 else None
        directory.mkdir(parents=True, exist_ok=True)
        if self._user:
            shutil.chown(directory, self._user.pw_name)

    def url(self, database: str) -> str:
        """Return the DATABASE_URL of a database on this server."""
        return f"postgres://{USER}@/{database}?host={self._directory}"

    def __enter__(self) -> Self:
        if not self._data.exists():
            self._run("initdb", f"--pgdata={self._data}", f"--username={USER}", *INIT).wait()
        options = [f"--{name}={value}" for name, value in OPTIONS.items()]
        places = ("-D", str(self._data), "-k", str(self._directory))
        self._process = self._run("postgres", *places, *options)
        until = time.monotonic() + STARTS_WITHIN
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise OSError((self._directory / "log").read_text(errors="replace")[-2000:])
            time.sleep(0.1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        self._process.send_signal(signal.SIGINT)  # its "fast shutdown"
        self._process.wait(STOPS_WITHIN)

    def ensure(self, database: str) -> None:
        """Make a database unless it is there."""
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
            if known.fetchone() is None:
                connection.execute(f'CREATE DATABASE "{database}"'.encode())

    def _run(self, *command: str) -> subprocess.Popen[bytes]:
        log = (self._directory / "log").open("ab")
        credentials: dict[str, Any] = {}
        if self._user:
            gid = self._user.pw_gid
            credentials = {"user": self._user.pw_uid, "group": gid, "extra_groups": []}
        return subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            cwd=self._directory,
            env={**os.environ, "PATH": f"{os.environ['PATH']}:{PROGRAMS}"},
            preexec_fn=end_with_parent,
            start_new_session=True,  # Ctrl-C is for the benchmark, which then stops it
            **credentials,
        )

    def _answers(self) -> bool:
        """Return whether it accepts connections, and not one that is still there of another run."""
        lock = self._data / "postmaster.pid"
        lines = lock.read_text().split() if lock.exists() else [""]
        return lines[0] == str(self._process.pid) and lines[-1] == "ready"


INIT = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
