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
    """One tap's audio in Redis: Frames, their bytes, what Redis needs for them, and how many
    of them do not begin where the one before ended, or hold what was made up."""

    frames: int
    audio: int
    memory: int
    broken: int


def prepare() -> None:
    """Django, its database, and nothing else."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def open_taps(count: int, transport: str = "ws") -> tuple[list[str], list[str]]:
    """Open taps; the paths to send to (of RTP the uris), and their ids."""
    from django.db import transaction

    from monitor import taps

    with transaction.atomic():
        opened = [
            taps.open_tap(uuid.uuid4().hex, agent="bench", transport=transport)
            for _ in range(count)
        ]
    uris = [one.uri if transport == "rtp" else urlsplit(one.uri).path for one in opened]
    return uris, [str(one.tap.pk) for one in opened]


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


def ring(tap_id: str, sent: int) -> Ring:
    """What lies in Redis of a tap; nothing is broken behind what was sent, in samples: a jitter
    buffer makes up a second more."""
    from monitor.audio import frame
    from monitor.live import bus

    client = _redis()
    key = bus.audio_key(uuid.UUID(tap_id))
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
    """The packet figures of RTP taps, as their rows have them; complete once it was stopped."""
    from monitor.models import Tap

    rows = dict(Tap.objects.filter(pk__in=tap_ids).values_list("pk", "rtp"))
    return [rows[uuid.UUID(one)] or {} for one in tap_ids]


def too_slow_after(tap_id: str) -> float | None:
    """How long a tap's listener lived that was closed for being behind, in seconds."""
    from monitor.models import ListenSession

    ended = ListenSession.objects.filter(tap_id=tap_id, end_reason__contains="behind")
    session = ended.first()
    if session is None or session.ended_at is None:
        return None
    return (session.ended_at - session.started_at).total_seconds()


def dropped() -> int:
    """Frames that the server counted as dropped, for whatever cause, since Redis was emptied."""
    from monitor import metrics

    totals = cast("dict[bytes, bytes]", _redis().hgetall(metrics.TOTALS))
    return sum(int(value) for key, value in totals.items() if key.startswith(b"dropped"))


def forget() -> None:
    """Every row begins with an empty Redis, no taps that live and nobody listening: a server
    would end what the row before left open, and that in the windows. A user may hear only so
    many taps, and a leased port is received for as long as it is."""
    from monitor import listens
    from monitor.models import ENDED, RtpLease, Tap, TapState

    now = timezone.now()
    _redis().flushall()
    listens.close_abandoned(now + listens.ABANDONED_AFTER)
    RtpLease.objects.all().delete()
    Tap.objects.exclude(state__in=ENDED).update(state=TapState.FINISHED, ended_at=now)


def disconnect() -> None:
    """Cut every other connection to Redis."""
    _redis().client_kill_filter(_type="normal", skipme=True)


def pause(seconds: float) -> None:
    """Have Redis answer nobody for so long."""
    _redis().client_pause(round(seconds * 1000))


def _redis() -> redis.Redis:
    return redis.Redis.from_url(os.environ["REDIS_URL"])
