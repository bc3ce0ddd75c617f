"""Taps, users and sessions for Earshot's rows, made as its own code makes them.

Imported only when ``Ground`` has set the environment; ``prepare`` comes first.
"""

from __future__ import annotations

import functools
import os
import uuid
from typing import NamedTuple, cast
from urllib.parse import urlsplit

import redis
from django.utils import timezone

TAPS_AT_ONCE = 8  # listens.AT_ONCE: so many ears share a user


class Ring(NamedTuple):
    """One tap's audio in Redis: Frames, their bytes, and what Redis needs for them."""

    frames: int
    audio: int
    memory: int


def prepare() -> None:
    """Django, its database, and nothing else."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def open_taps(count: int) -> tuple[list[str], list[str]]:
    """Open taps; the paths to send to, and their ids."""
    from django.db import transaction

    from monitor import taps

    with transaction.atomic():
        opened = [taps.open_tap(uuid.uuid4().hex, agent="bench") for _ in range(count)]
    return [urlsplit(one.uri).path for one in opened], [str(one.tap.pk) for one in opened]


def cookies(listeners: int, consoles: int) -> list[str]:
    """Cookie headers of as many supervisors as that takes."""
    users = -(-max(listeners, consoles) // TAPS_AT_ONCE)
    return [_cookie(number) for number in range(users)]


@functools.cache
def _cookie(number: int) -> str:
    from django.conf import settings
    from django.contrib.auth.models import Group, User
    from django.test import Client

    user = User.objects.create(username=f"bench-{number}")
    user.groups.add(Group.objects.get(name="Supervisors"))
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"


def ring(tap_id: str) -> Ring:
    """What lies in Redis of a tap."""
    from monitor.live import bus

    client = _redis()
    key = bus.audio_key(uuid.UUID(tap_id))
    entries = cast("list[tuple[bytes, dict[bytes, bytes]]]", client.xrange(key))
    memory = client.memory_usage(key, samples=0) or 0
    return Ring(len(entries), sum(len(fields[b"f"]) for _, fields in entries), memory)


def forget() -> None:
    """Every row begins with an empty Redis, and with nobody listening: a user may hear only so
    many taps, and a server that was stopped may have left some open."""
    from monitor import listens

    _redis().flushall()
    listens.close_abandoned(timezone.now() + listens.ABANDONED_AFTER)


def _redis() -> redis.Redis:
    return redis.Redis.from_url(os.environ["REDIS_URL"])
