"""The embedded Valkey: only the user who runs the server can read from it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from monitor.bus import server_checks
from monitor.bus.redis import find_trouble
from monitor.servers.launch import Launch
from tests.support import environment


@pytest.fixture
def launch(settings: Any, tmp_path: Path, signals_back: None) -> Iterator[Launch]:
    """What script/server starts with, in a checkout of its own and without a REDIS_URL."""
    settings.VAR_DIR = tmp_path / "var"
    settings.VAR_DIR.mkdir(mode=0o755)
    settings.REDIS_URL = ""
    launch = Launch("127.0.0.1", environment.free_port())
    try:
        yield launch
    finally:
        launch.stop()


def test_only_its_user_can_open_its_socket_and_it_listens_on_no_port(
    launch: Launch, settings: Any
) -> None:
    launch.prepare(demo=False)
    url = launch.env["REDIS_URL"]
    settings.REDIS_URL = url
    path = settings.VAR_DIR / "valkey.sock"
    assert url.startswith("unix:///")
    assert [stat.S_IMODE(one.stat().st_mode) for one in (path, path.parent)] == [0o700, 0o700]
    with redis.Redis.from_url(url, decode_responses=True) as client:
        assert client.config_get("port") == {"port": "0"}
    assert find_trouble() == ""
    assert server_checks.redis_server(None) == []


@pytest.mark.parametrize("name", ["x" * 120, "with a space"])
def test_a_path_unfit_for_a_socket_is_replaced_by_another_private_one(
    launch: Launch, settings: Any, tmp_path: Path, name: str
) -> None:
    """A Unix socket's path has 107 bytes at most (unix(7)), and for Valkey it ends at a space."""
    settings.VAR_DIR = tmp_path / name
    settings.VAR_DIR.mkdir()
    launch.prepare(demo=False)
    settings.REDIS_URL = launch.env["REDIS_URL"]
    assert find_trouble() == ""
    directory = Path(settings.REDIS_URL.removeprefix("unix://").partition("?")[0]).parent
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert directory.stat().st_uid == os.getuid()
    launch.stop()
    assert not directory.exists()


def test_every_process_of_the_checkout_finds_the_embedded_valkey(
    launch: Launch, settings: Any
) -> None:
    launch.prepare(demo=False)
    note = (settings.VAR_DIR / "server.env").read_text()
    assert f"REDIS_URL={launch.env['REDIS_URL']}\n" in note
