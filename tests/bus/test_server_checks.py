"""The checks warn of a Redis server that keeps audio on disk or lets everybody in."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from pytest_django import Settings

from monitor.bus import server_checks
from monitor.wire.redis_address import RedisAddress
from tests.support import environment
from tests.support.cast import PASSWORD
from tests.support.checks import ids, manage
from tests.support.servers import RtpTaps, Server
from tests.support.waiting import eventually


def found() -> list[str]:
    return ids(server_checks.redis_server(None))


def test_a_server_that_keeps_nothing_and_has_a_password_is_well(locked_redis: redis.Redis) -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [("save", "3600 1", "save is '3600 1'"), ("appendonly", "yes", "appendonly is 'yes'")],
)
def test_e005_a_server_that_keeps_audio_on_disk(
    locked_redis: redis.Redis, name: str, value: str, says: str
) -> None:
    locked_redis.config_set(name, value)
    [message] = server_checks.redis_server(None)
    # Otherwise the server takes 5 s to end.
    locked_redis.config_set(name, server_checks.KEEPS_NOTHING[name])
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
        ("redis+sentinel://one,two/main", ["monitor.W006"]),
        ("redis+sentinel://:secret@one,two/main", []),
    ],
)
def test_w006_a_server_that_lets_everybody_in(url: str, expected: list[str]) -> None:
    assert ids(server_checks._access(RedisAddress.parse(url))) == expected


def test_w007_a_managed_service_that_does_not_answer_config(
    locked_redis: redis.Redis, settings: Settings
) -> None:
    locked_redis.acl_setuser(
        "earshot", enabled=True, passwords=["+x"], keys=["*"], commands=["+ping"]
    )
    url = locked_redis.connection_pool.connection_kwargs
    settings.REDIS_URL = f"redis://earshot:x@{url['host']}:{url['port']}"
    [message] = server_checks.redis_server(None)
    assert (message.id, "it refuses CONFIG GET" in message.msg) == ("monitor.W007", True)


def test_w007_a_server_that_is_away(settings: Settings) -> None:
    settings.REDIS_URL = f"redis://:x@127.0.0.1:{environment.free_port()}"
    assert found() == ["monitor.W007"]


def test_a_missing_redis_url_is_left_to_another_check(settings: Settings) -> None:
    settings.REDIS_URL = ""
    assert found() == []


def test_check_deploy_asks_redis_and_shows_no_password(
    locked_redis: redis.Redis, settings: Settings
) -> None:
    locked_redis.config_set("save", "3600 1")
    done = manage("check", "--deploy", REDIS_URL=settings.REDIS_URL, TRUSTED_PROXIES="1")
    assert done.returncode != 0
    assert "monitor.E005" in done.stderr
    assert PASSWORD not in done.stdout + done.stderr


@pytest.mark.parametrize("kind", [Server, RtpTaps])
async def test_a_process_warns_of_a_dangerous_redis_once_when_it_starts(
    transactional_db: Any, locked_redis: redis.Redis, settings: Settings, kind: Any
) -> None:
    locked_redis.config_set("save", "3600 1")
    with kind(REDIS_URL=settings.REDIS_URL) as process:

        async def said() -> bool:
            return "Redis writes calls' audio" in process.said()

        await eventually(said)
        assert process.said().count("Redis writes calls' audio") == 1
        assert PASSWORD not in process.said()
