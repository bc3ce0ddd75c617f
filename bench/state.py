"""The state of the database and Redis: what a run needs there, and what it has left.

Taps, users and sessions are made by Earshot's own code. Call ``prepare`` first, once
``Testbed`` has set the environment.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

import redis
from django.utils import timezone

TAPS_AT_ONCE = 8  # listeners that share a user: openings.MAX_PER_USER


class Ring(NamedTuple):
    """One tap's audio in Redis."""

    frames: int
    audio: int  # bytes of the Frames
    memory: int  # bytes that Redis needs for them
    broken: int  # Frames that do not begin where the one before ended, or are concealed


def prepare() -> None:
    """Set up Django and its database."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def collect_static() -> None:
    """Put the pages' scripts where the servers find them."""
    from django.core.management import call_command

    call_command("collectstatic", "--noinput", verbosity=0)


def open_taps(count: int, transport: str = "ws") -> tuple[list[str], list[str]]:
    """Open taps; return the paths to send to (the URIs of RTP taps), and the taps' ids."""
    from django.db import transaction

    from monitor.services import taps

    with transaction.atomic():
        opened = [
            taps.open_tap(uuid.uuid4().hex, agent=f"bench {number}", transport=transport)
            for number in range(count)
        ]
    uris = [one.uri if transport == "rtp" else urlsplit(one.uri).path for one in opened]
    return uris, [str(one.tap.pk) for one in opened]


def cookies(listeners: int, consoles: int) -> list[str]:
    """Return a cookie header of each of the supervisors that so many sockets need."""
    users = -(-max(listeners, consoles) // TAPS_AT_ONCE)
    return [_cookie(number) for number in range(users)]


@functools.cache
def _cookie(number: int) -> str:
    from django.conf import settings
    from django.contrib.auth.models import Group, Permission, User
    from django.test import Client

    user = User.objects.create(username=f"bench-{number}")
    user.groups.add(Group.objects.get(name="Supervisors"))
    everything = Permission.objects.filter(codename__in=("see_all_teams", "see_full_numbers"))
    user.user_permissions.add(*everything)
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"


def ring(tap_id: str, sent: int) -> Ring:
    """Return what Redis has of a tap, of which ``sent`` samples were sent.

    Frames after those do not count as broken, because a jitter buffer conceals a second more.
    """
    from monitor.bus.keys import audio_key
    from monitor.wire import frame

    client = redis_client()
    key = audio_key(uuid.UUID(tap_id))
    entries = cast("list[tuple[bytes, dict[bytes, bytes]]]", client.xrange(key))
    frames = [fields[b"f"] for _, fields in entries]
    broken, expected = 0, None
    for one in frames:
        header = frame.unpack_header(one)
        wrong = bool(header.flags) or expected not in (None, header.position)
        expected = header.position + frame.sample_count(one)
        broken += wrong and expected <= sent
    memory = client.memory_usage(key, samples=0) or 0
    return Ring(len(frames), sum(map(len, frames)), memory, broken)


def packets(tap_ids: list[str]) -> list[dict[str, float]]:
    """Return the packet figures of RTP taps, which are complete once the server has stopped."""
    from monitor.models import Tap

    rows = dict(Tap.objects.filter(pk__in=tap_ids).values_list("pk", "rtp"))
    return [rows[uuid.UUID(one)] or {} for one in tap_ids]


def too_slow_after(tap_id: str) -> float | None:
    """Return after how many seconds a tap's listener was closed for being behind, or None."""
    from monitor.models import ListenSession

    ended = ListenSession.objects.filter(tap_id=tap_id, end_reason__contains="behind")
    session = ended.first()
    if session is None or session.ended_at is None:
        return None
    return (session.ended_at - session.started_at).total_seconds()


def dropped() -> int:
    """Return how many Frames were dropped for any cause since Redis was emptied."""
    from monitor.bus.keys import TOTALS

    totals = cast("dict[bytes, bytes]", redis_client().hgetall(TOTALS))
    return sum(int(value) for key, value in totals.items() if key.startswith(b"dropped"))


def words() -> list[dict[str, Any]]:
    """Return what was published last of each call's words."""
    from monitor.bus.keys import WORDS

    entries = cast("list[tuple[bytes, dict[bytes, bytes]]]", redis_client().xrange(WORDS))
    messages = [json.loads(fields[b"j"]) for _, fields in entries]
    return list({message["call"]: message for message in messages}.values())


def reset() -> None:
    """Empty Redis, and end all taps, leases and listen sessions.

    Otherwise the next row's server would end them during its windows. They would also count
    against what one user may hear, and the leased ports would still be received.
    """
    from monitor.models import ENDED, RtpLease, Tap, TapState
    from monitor.services import listens

    now = timezone.now()
    redis_client().flushall()  # in a cluster, at every master
    listens.end_abandoned(now + listens.ABANDONED_AFTER)
    RtpLease.objects.all().delete()
    Tap.objects.exclude(state__in=ENDED).update(state=TapState.FINISHED, ended_at=now)


def cut_connections() -> None:
    """Cut all connections to Redis but this one."""
    redis_client().client_kill_filter(_type="normal", skipme=True)


def pause_redis(seconds: float) -> None:
    """Have Redis answer nobody for ``seconds``."""
    redis_client().client_pause(round(seconds * 1000))


@contextlib.contextmanager
def redis_at(url: str) -> Iterator[None]:
    """Have the servers that are started now, and this process, use another Redis."""
    from django.conf import settings

    before = settings.REDIS_URL
    settings.REDIS_URL = os.environ["REDIS_URL"] = url
    try:
        yield
    finally:
        settings.REDIS_URL = os.environ["REDIS_URL"] = before


def redis_client() -> redis.Redis:
    """Return a client of the Redis that the servers use."""
    from monitor.bus.redis import new_client

    return new_client()
