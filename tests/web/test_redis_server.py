"""What is said of a Redis server that keeps audio on disk or lets everybody in."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from pytest_django import Settings

from monitor import redis_server
from tests import environment
from tests.live.talk import eventually
from tests.servers import RtpTaps, Server
from tests.web.conftest import PASSWORD
from tests.web.test_checks import ids, manage


def found() -> list[str]:
    return ids(redis_server.redis_server(None))


def test_one_that_keeps_nothing_and_has_a_password_is_well(locked_redis: redis.Redis) -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [("save", "3600 1", "save is '3600 1'"), ("appendonly", "yes", "appendonly is 'yes'")],
)
def test_e005_audio_on_disk(locked_redis: redis.Redis, name: str, value: str, says: str) -> None:
    locked_redis.config_set(name, value)
    [message] = redis_server.redis_server(None)
    locked_redis.config_set(name, redis_server.KEEPS_NOTHING[name])  # or it ends 5 s later
    assert message.id == "monitor.E005"
    assert message.msg.endswith(f"to disk: {says}.")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://127.0.0.1:6379/0", ["monitor.W006"]),
        ("redis://:@redis.example.com", ["monitor.W006"]),
        ("rediss://redis.example.com", ["monitor.W006"]),
        ("redis://:secret@127.0.0.1:6379/0", []),
        ("redis://earshot:secret@127.0.0.1:6379/0", []),
        ("rediss://redis.example.com?password=secret", []),
        ("rediss://redis.example.com?ssl_certfile=/etc/earshot.pem", []),
        ("unix:///run/valkey.sock", []),
    ],
)
def test_w006_a_server_that_lets_everybody_in(url: str, expected: list[str]) -> None:
    assert ids(redis_server._access(url)) == expected


def test_w007_a_managed_service_that_does_not_tell(
    locked_redis: redis.Redis, settings: Settings
) -> None:
    locked_redis.acl_setuser(
        "earshot", enabled=True, passwords=["+x"], keys=["*"], commands=["+ping"]
    )
    url = locked_redis.connection_pool.connection_kwargs
    settings.REDIS_URL = f"redis://earshot:x@{url['host']}:{url['port']}"
    [message] = redis_server.redis_server(None)
    assert (message.id, "it refuses CONFIG GET" in message.msg) == ("monitor.W007", True)


def test_w007_one_that_is_away(settings: Settings) -> None:
    settings.REDIS_URL = f"redis://:x@127.0.0.1:{environment.free_port()}"
    assert found() == ["monitor.W007"]


def test_no_redis_at_all_is_another_checks_business(settings: Settings) -> None:
    settings.REDIS_URL = ""
    assert found() == []


def test_check_deploy_asks_and_shows_no_password(
    locked_redis: redis.Redis, settings: Settings
) -> None:
    locked_redis.config_set("save", "3600 1")
    done = manage("check", "--deploy", REDIS_URL=settings.REDIS_URL, TRUSTED_PROXIES="1")
    assert done.returncode != 0
    assert "monitor.E005" in done.stderr
    assert PASSWORD not in done.stdout + done.stderr


@pytest.mark.parametrize("kind", [Server, RtpTaps])
async def test_a_process_that_starts_says_once_what_is_dangerous(
    transactional_db: Any, locked_redis: redis.Redis, settings: Settings, kind: Any
) -> None:
    locked_redis.config_set("save", "3600 1")
    with kind(REDIS_URL=settings.REDIS_URL) as process:

        async def said() -> bool:
            return "Redis writes calls' audio" in process.said()

        await eventually(said)
        assert process.said().count("Redis writes calls' audio") == 1
        assert PASSWORD not in process.said()
