"""What script/server runs."""

from __future__ import annotations

import pytest

from monitor.servers.launch import Launch


def test_rtp_taps_are_received_once_the_server_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    did: list[tuple[str, ...]] = []
    launch = Launch("127.0.0.1", 8000)
    monkeypatch.setattr(launch, "start", lambda *arguments: did.append(("start", *arguments)))
    monkeypatch.setattr(launch, "wait", lambda name, ready: did.append(("wait", name)))
    launch.serve()
    assert did[0][:2] == ("start", "server")
    assert did[1:] == [("wait", "server"), ("start", "rtptaps", "manage.py", "rtptaps")]
