"""System checks of the Redis server: does it write audio to disk, and who may connect to it?

Redis holds the last seconds of every call, with names and numbers. A server with the
default configuration saves them to disk from time to time and requires no password.
"""

from __future__ import annotations

from typing import Any

import redis
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from redis.cluster import RedisCluster
from redis.connection import parse_url

from monitor.bus.redis import Unavailable, new_client, redis_address
from monitor.wire.redis_address import RedisAddress

KEEPS_NOTHING = {"save": "", "appendonly": "no"}
#: Parts of a REDIS_URL, each of which shows that the server does not admit everybody. A path is
#: that of a Unix socket, which has file permissions.
CREDENTIALS = {"password", "ssl_certfile", "path"}


@register(Tags.security, deploy=True)
def redis_server(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report the server's dangers, or that it could not be asked about them."""
    if not settings.REDIS_URL:
        return []  # monitor.E002
    try:
        return dangers()
    except Unavailable:
        return [_unknown("it gives no answer", "Run the check where REDIS_URL can be reached.")]


def dangers() -> list[CheckMessage]:
    """Return the ways in which audio can leave Redis past Earshot. Raises bus.Unavailable."""
    return [*_disk(), *_access(redis_address())]


def _disk() -> list[CheckMessage]:
    try:
        with new_client() as client:
            found = [(name, value) for name in KEEPS_NOTHING for value in _values(client, name)]
    except redis.ResponseError:  # a managed service refuses CONFIG
        hint = "Turn off snapshots (RDB), the append-only file and backups where it is managed."
        return [_unknown("it refuses CONFIG GET", hint)]
    kept = {f"{name} is {value!r}": None for name, value in found if value != KEEPS_NOTHING[name]}
    if not kept:
        return []
    return [
        Error(
            f"Redis writes calls' audio, names and numbers to disk: {', '.join(kept)}.",
            hint='Write `save ""` and `appendonly no` into its configuration file, restart it, '
            "and delete the dump.rdb and appendonlydir that it has left.",
            id="monitor.E005",
        )
    ]


def _values(client: Any, name: str) -> list[str | None]:
    """Return what a setting is at the server, or at each node of the cluster."""
    if not isinstance(client, RedisCluster):
        return [client.config_get(name).get(name)]
    answers: Any = client.config_get(name, target_nodes=RedisCluster.ALL_NODES)
    return [one.get(name) for one in answers.values()]


def _access(address: RedisAddress) -> list[CheckMessage]:
    parts: dict[str, Any] = parse_url(address.url)  # type: ignore[no-untyped-call]
    if CREDENTIALS & parts.keys():
        return []
    return [
        CheckWarning(
            "REDIS_URL has no password: whoever reaches the server hears every call, unrecorded.",
            hint="Write `requirepass <a long random password>` into its configuration file, and "
            "set REDIS_URL=redis://:<the password>@….",
            id="monitor.W006",
        )
    ]


def _unknown(why: str, hint: str) -> CheckMessage:
    return CheckWarning(
        f"Not known whether Redis writes calls' audio to disk: {why}.", hint=hint, id="monitor.W007"
    )
