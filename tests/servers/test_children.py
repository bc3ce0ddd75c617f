"""A command starts its children, watches them, and ends them in the reverse order."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.servers.children import Children, LaunchError

WAITS = "import signal; print('ready', flush=True); signal.pause()"
IGNORES = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + WAITS
PATIENT = 10.0  # seconds


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    children = Children(tmp_path)
    yield children
    children.stop(0.1)


def start(children: Children, name: str, script: str) -> None:
    """Start a child, and return once it has said something."""
    where = Path(__file__).parent
    children.start(name, sys.executable, "-c", script, cwd=where, env=os.environ)
    children.wait(name, lambda: bool(children.log(name).read_text()))


def test_a_child_that_has_ended_is_told_with_the_end_of_its_log(children: Children) -> None:
    start(children, "worker", WAITS)
    children.check()
    script = "print('no port', flush=True); raise SystemExit(3)"
    children.start("broken", sys.executable, "-c", script, cwd=Path.cwd(), env=os.environ)
    with pytest.raises(LaunchError, match=r"(?s)^broken ended \(3\).*broken\.log.*no port"):
        children.wait("broken", lambda: False)


def test_a_child_that_is_never_ready_is_told(
    children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(children, "worker", WAITS)
    monkeypatch.setattr("monitor.servers.children.READY_WITHIN", 0.0)
    with pytest.raises(LaunchError, match=r"(?s)^worker is not ready after 0 s.*ready"):
        children.wait("worker", lambda: False)


def test_the_last_one_that_was_started_ends_first(
    children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []
    monkeypatch.setattr(children, "end", lambda name, within: ended.append(name))
    for name in ("valkey", "server"):
        start(children, name, WAITS)
    children.stop(PATIENT)
    monkeypatch.undo()
    assert ended == ["server", "valkey"]


@pytest.mark.parametrize(
    ("script", "within", "status"),
    [(WAITS, PATIENT, -signal.SIGTERM), (IGNORES, 0.1, -signal.SIGKILL)],
    ids=["ends", "does not end"],
)
def test_a_child_that_does_not_end_in_time_is_killed(
    children: Children, script: str, within: float, status: int
) -> None:
    start(children, "worker", script)
    process = children._running["worker"]
    children.end("worker", within)
    assert process.returncode == status
    children.check()  # nobody misses it
