"""ClusterFloor: starts nginx, PostgreSQL, Valkeys, workers, receivers, calls and Prometheus.

Each part is what ``deploy/`` has for it, at a free port and in a directory of the floor's own.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.rows import UVICORN
from bench.testbed import ROOT, free_port, free_rtp_ports
from monitor.servers.children import Children, LaunchError
from tests.support.nginx import PROGRAM as NGINX
from tests.support.nginx import Nginx
from tests.support.postgres import PostgresServer
from tests.support.valkeys import Cluster

#: The programs that are not on this machine.
MISSING = ", ".join(
    name
    for name, path in {
        "nginx": NGINX,
        **{one: shutil.which(one) for one in ("initdb", "postgres", "prometheus")},
    }.items()
    if not path
)
USER = "supervisor"
DRAIN = 2  # seconds
ENDS_WITHIN = DRAIN + 8.0  # seconds after SIGTERM
RTP_TAPS = 2
RTP_CALLS = 1 / 3  # of all calls
CALL_SECONDS = 60
RULES = "earshot.rules.yml"
#: What Prometheus does more quickly than on a floor that nobody watches: it looks each second, and
#: an alert fires after 2 s.
QUICK = ((r"interval: \w+", "interval: 1s"), (r"for: \w+", "for: 2s"))


@dataclass(frozen=True)
class Size:
    """How much is started."""

    workers: int = 4
    calls: int = 60


class ClusterFloor:
    """All parts run while it is entered. Raises LaunchError if one does not start."""

    def __init__(self, directory: Path, size: Size) -> None:
        self.directory = directory
        self._size = size
        self.nginx = Nginx(directory)
        self.children = Children(directory)
        self.password = secrets.token_urlsafe(9)
        self.workers = {f"web-{number + 1}": free_port() for number in range(size.workers)}
        self.prometheus = f"http://127.0.0.1:{free_port()}"
        self._parts = contextlib.ExitStack()
        self.env: dict[str, str] = {}

    @property
    def url(self) -> str:
        return self.nginx.url

    def __enter__(self) -> Self:
        if MISSING:
            raise LaunchError(f"PATH has no {MISSING}")
        with contextlib.ExitStack() as stack:
            stack.push(self)  # what has been started is ended if a later part fails
            self._start()
            stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        self.children.stop(ENDS_WITHIN)
        self._parts.close()

    def check(self) -> None:
        """Raise LaunchError if a part has ended."""
        self.children.check()
        for part in (self._postgres, self.nginx):
            if not part.is_running():
                raise LaunchError(f"{type(part).__name__} has ended")
        for node in self._valkeys.nodes:
            if not node.answers():
                raise LaunchError(f"the Valkey at port {node.port} has ended")

    def end_worker(self, name: str) -> None:
        """Have a worker drain and end."""
        self.children.end(name, ENDS_WITHIN)

    def start_worker(self, name: str) -> None:
        where = [one.replace("PORT", str(self.workers[name])) for one in UVICORN]
        self._run(name, *where, "--no-proxy-headers", "agents.asgi:application")

    def wait_for_worker(self, name: str) -> None:
        """Return once a worker is ready."""
        self.children.wait(name, lambda: _answers(f"http://127.0.0.1:{self.workers[name]}/readyz"))

    def told(self, path: str) -> Any:
        """Return what Prometheus' API answers: the ``data`` of it."""
        with urllib.request.urlopen(f"{self.prometheus}/api/v1/{path}", timeout=5) as answer:
            return json.load(answer)["data"]

    def _start(self) -> None:
        self._postgres = self._parts.enter_context(PostgresServer())
        self._start_valkeys()
        self.env = self._settings()
        self._manage("migrate", "--verbosity", "0")
        self._manage("collectstatic", "--noinput", "--verbosity", "0")
        self._manage("createsuperuser", "--noinput", "--username", USER, "--email", "")
        for name in self.workers:
            self.start_worker(name)
        for name in self.workers:
            self.wait_for_worker(name)
        self._parts.enter_context(self.nginx.serve(*self.workers.values()))
        for number in range(RTP_TAPS):
            self._run(f"rtptaps-{number + 1}", "manage.py", "rtptaps")
        self._start_calls()
        self._start_prometheus()

    def _start_valkeys(self) -> None:
        """Start a cluster of three Valkeys with a replica each."""
        self._valkeys = Cluster(self.directory)
        self._parts.callback(self._valkeys.stop)
        self._valkeys.start()

    def _start_calls(self) -> None:
        """Keep calls going. A part of them sends RTP."""
        by_rtp = round(self._size.calls * RTP_CALLS)
        shares = {"ws": self._size.calls - by_rtp, "rtp": by_rtp}
        for transport, calls in shares.items():
            if calls:
                what = ("--calls", str(calls), "--transport", transport)
                how = ("--seconds", str(CALL_SECONDS), "--keep")
                self._run(f"simulator-{transport}", "manage.py", "simulate", *what, *how)

    def _start_prometheus(self) -> None:
        """Start Prometheus with the configuration of ``deploy/``, and with its workers."""
        targets = ", ".join(f"127.0.0.1:{port}" for port in self.workers.values())
        for name in ("prometheus.yml", RULES):
            text = (ROOT / "deploy" / "prometheus" / name).read_text()
            text = re.sub(r"targets: \[.*\]", f"targets: [{targets}]", text)
            for slow, quick in QUICK:
                text = re.sub(slow, quick, text)
            (self.directory / name).write_text(text)
        arguments = {
            "config.file": self.directory / "prometheus.yml",
            "storage.tsdb.path": self.directory / "prometheus",
            "web.listen-address": self.prometheus.removeprefix("http://"),
        }
        command = ["prometheus", *(f"--{name}={value}" for name, value in arguments.items())]
        self.children.start("prometheus", *command, cwd=self.directory, env=self.env)
        self.children.wait("prometheus", lambda: _answers(f"{self.prometheus}/-/ready"))

    def _settings(self) -> dict[str, str]:
        """Return the environment of all parts, which wins over a checkout's own .env."""
        return os.environ | {
            "DJANGO_SETTINGS_MODULE": "monitor.settings",
            "DEBUG": "false",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "SIGNALWIRE_SIGNING_KEY": secrets.token_urlsafe(32),
            "SIGNALWIRE_SWAIG_SECRET": secrets.token_urlsafe(32),
            "SWML_BASIC_AUTH_USER": "signalwire",
            "SWML_BASIC_AUTH_PASSWORD": secrets.token_urlsafe(24),
            "DATABASE_URL": self._postgres.url("postgres"),
            "REDIS_URL": self._valkeys.url,
            "PUBLIC_URL": self.url,
            "SWML_PROXY_URL_BASE": self.url,
            "PYTHONDEVMODE": "",  # asyncio's debug mode is several times slower
            "TRUSTED_PROXIES": "1",
            "DRAIN_SECONDS": str(DRAIN),
            "STATIC_ROOT": str(self.directory / "static"),
            "RTP_PORTS": free_rtp_ports(),
            "RTP_HOST": "127.0.0.1",
            "RTP_PUBLIC_IP": "127.0.0.1",
            "SSL_CERT_FILE": str(self.nginx.certificate),  # which the simulator is to trust
            "DJANGO_SUPERUSER_PASSWORD": self.password,
        }

    def _run(self, name: str, *arguments: str) -> None:
        self.children.start(name, sys.executable, *arguments, cwd=ROOT, env=self.env)

    def _manage(self, *arguments: str) -> None:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True)
        if done.returncode:
            raise LaunchError(f"manage.py {arguments[0]}: {done.stderr[-2000:]}")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=3) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
