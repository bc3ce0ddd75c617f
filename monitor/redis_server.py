"""The Redis server itself: whether it writes audio to disk, and whether anybody may read it.

What lies in Redis is the last seconds of every call with names and numbers. A server as
it is installed saves that to disk from time to time, and asks nobody for a password.
"""

from __future__ import annotations

from typing import Any

import redis
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from redis.connection import parse_url

from .live import bus

KEEPS_NOTHING = {"save": "", "appendonly": "no"}
#: In a REDIS_URL: what lets in only those who know or have something.
CREDENTIALS = {"password", "ssl_certfile", "path"}  # a Unix socket's path has permissions


@register(Tags.security, deploy=True)
def redis_server(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Ask the server, which `check --deploy` must be able to reach."""
    if not settings.REDIS_URL:
        return []  # monitor.E002
    try:
        return dangers()
    except bus.Unavailable:
        return [_unknown("it gives no answer", "Run the check where REDIS_URL can be reached.")]


def dangers() -> list[CheckMessage]:
    """What makes audio leave Redis by another way than ours. Raises bus.Unavailable."""
    return [*_disk(), *_access(bus.redis_url())]


def _disk() -> list[CheckMessage]:
    try:
        with bus.fresh_client() as client:
            answers = {name: client.config_get(name).get(name) for name in KEEPS_NOTHING}
    except redis.ResponseError:  # a managed service refuses CONFIG
        hint = "Turn off snapshots (RDB), the append-only file and backups where it is managed."
        return [_unknown("it refuses CONFIG GET", hint)]
    kept = [f"{name} is {is_!r}" for name, is_ in answers.items() if is_ != KEEPS_NOTHING[name]]
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


def _access(url: str) -> list[CheckMessage]:
    parts: dict[str, Any] = parse_url(url)  # type: ignore[no-untyped-call]
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
