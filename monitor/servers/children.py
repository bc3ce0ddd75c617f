"""Children: the processes that a command starts, watches, and ends again.

Each child has a session of its own. Ctrl-C therefore reaches the command alone, which ends its
children in the right order. On Linux they also end if the command is killed.
"""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h
READY_WITHIN = 60.0  # seconds


class LaunchError(Exception):
    """Something did not start. The text says what it was, and what to do."""


class Children:
    """Starts processes that log into a directory, and ends them in the reverse order."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *command: str, cwd: Path, env: Mapping[str, str]) -> None:
        """Start a child that logs to ``<name>.log``."""
        with self.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def wait(self, name: str, ready: Callable[[], bool]) -> None:
        """Wait until a child is ready. Raises LaunchError, with the end of its log, if it is
        not ready in time."""
        until = time.monotonic() + READY_WITHIN
        while not ready():
            self.check()
            if time.monotonic() > until:
                raise LaunchError(
                    f"{name} is not ready after {READY_WITHIN:.0f} s: {self.tail(name)}"
                )
            time.sleep(0.1)

    def check(self) -> None:
        """Raise LaunchError if a child has ended."""
        for name, child in self._running.items():
            if child.poll() is not None:
                raise LaunchError(f"{name} ended ({child.returncode}): {self.tail(name)}")

    def tail(self, name: str) -> str:
        """Return the end of a child's log, and where the log is."""
        lines = self.log(name).read_text(errors="replace").splitlines()[-12:]
        return f"see {self.log(name)}\n" + "\n".join(lines)

    def end(self, name: str, within: float) -> None:
        """End one child: it has so many seconds after SIGTERM."""
        child = self._running.pop(name)
        child.terminate()
        try:
            child.wait(within)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def stop(self, within: float) -> None:
        """End every child, the last started first."""
        for name in reversed(list(self._running)):
            self.end(name, within)


def _die_with_parent() -> None:
    """Have Linux send SIGTERM to this process when its parent is gone. Runs in the child,
    before exec."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
