"""Real servers for tests: processes of their own, ended by their id."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import websockets
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from tests.support import environment

STARTS_WITHIN = 30.0  # seconds
#: Of clients: one that has left messages unread is not closed before this is over, in seconds.
CLOSING: Any = {"close_timeout": 1}
TROUBLE = re.compile("Traceback|Task was destroyed|never retrieved|CRITICAL")


class Server:
    """One serving process on a random port, on the run's database and Valkey.

    ``kind`` is daphne or uvicorn, ``app`` what it serves, ``arguments`` are more of its
    command line's; ``files`` is how many files it may have open; ``env`` overrides settings.
    A log with a sign of TROUBLE fails the test, unless it is one that ``allowed`` names.
    """

    def __init__(
        self,
        kind: str = "daphne",
        app: str = "monitor.asgi:application",
        *arguments: str,
        allowed: str = "",
        files: str = "",
        **env: str,
    ) -> None:
        self.port = environment.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.ws_url = f"ws://127.0.0.1:{self.port}"
        self.log = environment.DIRECTORY / f"server-{self.port}.log"
        self.kind = kind
        self._allowed = allowed
        self._app = app
        self._arguments = arguments
        self._files = files
        self._env = {
            **os.environ,
            "PYTHONDEVMODE": "",  # as it is served; asyncio's debug mode is several times slower
            "PUBLIC_URL": self.url,
            "SWML_PROXY_URL_BASE": self.url,
            **env,
        }
        del self._env["DJANGO_SETTINGS_MODULE"]  # pytest's; an operator's shell has none

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start, and wait until the server answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._limited(), sys.executable, *self._command()],
                cwd=Path(settings.BASE_DIR),
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + STARTS_WITHIN
        while not self.answers():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < until, self.said()
            time.sleep(0.05)

    def stop(self) -> int:
        """Send SIGTERM, wait until the server has ended, and return its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        trouble = {sign for sign in TROUBLE.findall(self.said()) if sign != self._allowed}
        assert not trouble, self.said()
        return status

    def said(self) -> str:
        """Return the server's log."""
        return self.log.read_text(errors="replace")

    def socket_url(self, uri: str) -> str:
        """Return a tap's uri at this server instead of at PUBLIC_URL."""
        return self.ws_url + uri[uri.index("/tap/") :]

    def http_url(self, url: str) -> str:
        return self.url + url[url.index("/tap/") :]

    def tap(self, uri: str, **options: Any) -> websockets.connect:
        """Connect to a tap's uri as a sender."""
        return websockets.connect(self.socket_url(uri), **CLOSING | options)

    def page(
        self, path: str, user: User | None, *, origin: str | None = None, **headers: str
    ) -> websockets.connect:
        """Connect as a page of this user; ``headers`` are written with underscores."""
        session = _cookies(user) if user else ""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.with_cookie(path, session, origin=origin, headers=given)

    def with_cookie(
        self,
        path: str,
        session: str,
        *,
        origin: str | None = None,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> websockets.connect:
        """Connect as a page that sends a session's Cookie header."""
        return websockets.connect(
            self.ws_url + path,
            additional_headers={"Cookie": session, **(headers or {})},
            origin=websockets.Origin(self.url if origin is None else origin),
            **CLOSING | options,
        )

    def sign_out(self, session: str) -> None:
        """Sign a session out, as the page's button does."""
        page = self._get("/", session)
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.read().decode())
        assert token
        csrf = re.search(r"csrftoken=\w+", page.headers["Set-Cookie"])
        assert csrf
        request = urllib.request.Request(
            f"{self.url}/logout",
            data=f"csrfmiddlewaretoken={token[1]}".encode(),
            headers={"Cookie": f"{session}; {csrf[0]}", "Origin": self.url},
        )
        urllib.request.urlopen(request).close()

    def _get(self, path: str, session: str) -> http.client.HTTPResponse:
        request = urllib.request.Request(self.url + path, headers={"Cookie": session})
        answer: http.client.HTTPResponse = urllib.request.urlopen(request)
        return answer

    def listen(self, tap_id: uuid.UUID, user: User | None) -> websockets.connect:
        return self.page(f"/listen/{tap_id}", user)

    def console(self, user: User | None) -> websockets.connect:
        return self.page("/console", user)

    def _limited(self) -> list[str]:
        """Return the shell command that limits the open files of the command after it."""
        if not self._files:
            return []
        return ["/bin/sh", "-c", f'ulimit -n {self._files} && exec "$@"', "sh"]

    def _command(self) -> list[str]:
        where = ["-b", "127.0.0.1", "-p", str(self.port)]
        if self.kind == "daphne":
            return ["-m", "monitor.servers.daphne", *where, *self._arguments, self._app]
        return [
            "-m",
            "uvicorn",
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--http",
            "monitor.servers.uvicorn:HttpProtocol",
            "--ws",
            "monitor.servers.uvicorn:Protocol",
            "--loop",
            "uvloop",
            "--ws-max-size",
            "131072",
            "--ws-per-message-deflate",
            "false",
            "--timeout-graceful-shutdown",
            "4",
            "--no-proxy-headers",
            *self._arguments,
            self._app,
        ]

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=3) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def memory(pid: int) -> int:
    """The bytes that a process has allocated (Linux). Not its code: that counts by its share,
    which moves by some MB when another Python starts or ends."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    allocated = re.search(r"^Anonymous: +(\d+) kB$", rollup, re.MULTILINE)
    assert allocated
    return int(allocated[1]) * 1024


class RtpTaps:
    """A process that receives RTP taps, on the run's database and Valkey; ``env`` overrides
    settings, ``command`` is what Python runs."""

    def __init__(self, *command: str, **env: str) -> None:
        self._command = command or ("manage.py", "rtptaps")
        self._env = env
        self.log = environment.DIRECTORY / f"rtptaps-{uuid.uuid4().hex}.log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(10)

    def start(self) -> None:
        """Start, and wait until it says where it receives."""
        before = self.said().count("RTP taps at") if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self._command],
                cwd=Path(settings.BASE_DIR),
                env={**os.environ, "PYTHONDEVMODE": "", **self._env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + STARTS_WITHIN
        while self.said().count("RTP taps at") == before:
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < until, self.said()
            time.sleep(0.05)

    def said(self) -> str:
        """Return the process's log."""
        return self.log.read_text(errors="replace")


def _cookies(user: User) -> str:
    """Return ``cookie`` from a thread, because the caller may be in an event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_cookie_and_close, user).result()


def _cookie_and_close(user: User) -> str:
    try:
        return cookie(user)
    finally:
        connection.close()


def cookie(user: User) -> str:
    """Sign a user in, and return the Cookie header. Not for event loops: it uses the database."""
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"
