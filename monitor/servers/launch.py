"""Starts and ends what ``script/server`` runs: Valkey, Daphne, rtptaps and the demo."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import NoReturn
from urllib.parse import quote

from django.conf import settings

from monitor.servers.children import Children, LaunchError

STOP_WITHIN = 8.0  # seconds a child has after SIGTERM
DEMO_CALLS = 3
DEMO_SECONDS = 60
PLAIN = re.compile(r"[\w./-]+")  # a path that stands in Valkey's configuration as it is
LONGEST_SOCKET = 103  # bytes of a Unix socket's path: sun_path holds 104 on macOS, 108 on Linux


class Launch:
    """Starts child processes, and ends them in the reverse order."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.env = dict(os.environ)
        self._children = Children(Path(settings.VAR_DIR))
        self._note = settings.VAR_DIR / "server.env"
        self._cleanup = ExitStack()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def public_url(self) -> str:
        """The URL to open in a browser. At any other address a page's sockets are refused."""
        return self.env.get("PUBLIC_URL", self.url)

    def prepare(self, demo: bool) -> None:
        """Choose the settings that the environment does not give, and start Valkey if it names
        no Redis."""
        settings.VAR_DIR.mkdir(exist_ok=True)
        settings.VAR_DIR.chmod(0o700)  # the checkout itself may be open to other users
        lock = self._cleanup.enter_context((settings.VAR_DIR / "server.lock").open("a"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LaunchError(
                f"a server of this checkout runs already at {settings.PUBLIC_URL}: "
                "end it first, or use another checkout"
            ) from None
        _check_free(self.host, self.port)
        known = {"SERVER_PID": str(os.getpid()), "DEMO": str(demo)}
        if "PUBLIC_URL" not in os.environ:
            known["PUBLIC_URL"] = self.url
            if demo and not settings.SIGNALWIRE_SIGNING_KEY:
                known["SIGNALWIRE_SIGNING_KEY"] = secrets.token_urlsafe(32)
        if not settings.REDIS_URL:
            known["REDIS_URL"] = self._start_valkey()
        self.env |= known
        # Found by the settings of every other manage.py in this checkout.
        self._note.touch(mode=0o600)
        self._note.write_text("".join(f"{name}={value}\n" for name, value in known.items()))

    def _start_valkey(self) -> str:
        """Start Valkey on a Unix socket that only this user can open; return its REDIS_URL."""
        path = settings.VAR_DIR / "valkey.sock"
        if len(os.fsencode(path)) > LONGEST_SOCKET or not PLAIN.fullmatch(str(path)):
            path = Path(self._cleanup.enter_context(TemporaryDirectory())) / "valkey.sock"
        self.start("valkey", "manage.py", "valkey", "--socket", str(path))
        self.wait("valkey", lambda: _answers(path))
        return f"unix://{quote(str(path))}"

    def serve(self) -> None:
        """Start Daphne, and wait until it reports that the database and Redis answer; then
        start rtptaps."""
        where = ("-b", self.host, "-p", str(self.port))
        self.start("server", "-m", "monitor.servers.daphne", *where, "agents.asgi:application")
        self.wait("server", lambda: _healthy(f"{self.url}/healthz"))
        self.start("rtptaps", "manage.py", "rtptaps")

    def simulate(self) -> None:
        """Start the demo calls."""
        how_many = ("--calls", str(DEMO_CALLS), "--seconds", str(DEMO_SECONDS), "--keep")
        self.start("simulator", "manage.py", "simulate", *how_many)

    def start(self, name: str, *arguments: str) -> None:
        """Start a Python child that logs to ``var/<name>.log``."""
        self._children.log(name).unlink(missing_ok=True)  # of the last server
        command = (sys.executable, *arguments)
        self._children.start(name, *command, cwd=settings.BASE_DIR, env=self.env)

    def wait(self, name: str, ready: Callable[[], bool]) -> None:
        """Wait until a child is ready. Raises LaunchError if it is not ready in time."""
        self._children.wait(name, ready)

    def watch(self) -> NoReturn:
        """Wait for Ctrl-C or SIGTERM, both raised as KeyboardInterrupt, or for a child's end."""
        # SIGINT, too: in processes that a shell starts in the background it is ignored.
        signal.signal(signal.SIGINT, _interrupt)
        signal.signal(signal.SIGTERM, _interrupt)
        while True:
            self._children.check()
            time.sleep(0.5)

    def stop(self) -> None:
        """End every child, the last started first."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave one behind
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self._children.stop(settings.DRAIN_SECONDS + STOP_WITHIN)
        if "SERVER_PID" in self.env:  # prepared: the note is this process's
            self._note.unlink(missing_ok=True)
        self._cleanup.close()


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _check_free(host: str, port: int) -> None:
    if not 0 < port < 65536:
        raise LaunchError(f"PORT={port} is not a port from 1 to 65535")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise LaunchError(
                f"{host}:{port} cannot be used ({error.strerror}): "
                f"set PORT to a free one, as in PORT={port + 1} script/server"
            ) from None


def _answers(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            probe.connect(str(path))
            probe.sendall(b"PING\r\n")
            return probe.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=3) as answer:  # noqa: S310  our own URL
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
