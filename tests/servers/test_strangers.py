"""Strangers who ask for nothing, slowly, or for what they may not have. ``bench.strangers`` tells
by how much they delay audio; here no Frame may be missing."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from bench import strangers
from tests.support.servers import Server
from tests.support.talk import hearing, more, open_tap, speaking


@pytest.mark.parametrize("kind", strangers.KINDS.values(), ids=lambda kind: kind.__name__)
async def test_a_listener_misses_nothing_beside_them(
    each_server: Server,
    alice: User,
    kind: strangers.Strangers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(strangers, "IDLE", 300)  # a developer's process may have 1,024 files
    opened = await open_tap()
    async with speaking(each_server, opened), hearing(each_server, alice, opened) as [ear]:
        with strangers.beside(kind, each_server.port):
            await more([ear], 50)  # 3 s
        await more([ear], 10)
    assert ear.holes == []
    assert "Traceback" not in each_server.said()
