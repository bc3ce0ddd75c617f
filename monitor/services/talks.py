"""Keeps the talk of calls: who talked for how long, as ``workers.talk_count`` measures it."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction

from monitor.audio.talk import Party, Talk
from monitor.bus.process import this_process
from monitor.models import Call, CallTalk

KEPT = [field.name for field in CallTalk._meta.fields if not field.primary_key]


def read(call_ids: Collection[int]) -> dict[int, Talk]:
    """Return what was measured of these calls so far."""
    return {row.pk: _talk(row) for row in CallTalk.objects.filter(pk__in=call_ids)}


@transaction.atomic
def write(talks: Mapping[int, Talk]) -> None:
    """Record the talk of calls, and publish where it has changed.

    What was measured up to a later moment stays: of two processes that measure because one of them
    was frozen, it is ahead. A call that was deleted meanwhile gets no row.
    """
    known = CallTalk.objects.in_bulk(talks)
    rows = [
        _row(pk, talks[pk])
        for pk in Call.objects.filter(pk__in=talks).values_list("pk", flat=True)
        if pk not in known or known[pk].until.timestamp() < talks[pk].until
    ]
    CallTalk.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["call"], update_fields=KEPT
    )
    told = {
        str(row.pk): describe(row) for row in rows if describe(row) != describe(known.get(row.pk))
    }
    if told:
        event = {"type": "talk", "calls": told}
        transaction.on_commit(lambda: this_process().publisher.publish(event))


def describe(row: CallTalk | None) -> dict[str, Any] | None:
    """Describe the talk of a call to the pages; None if its parties were not tapped apart."""
    if row is None:
        return None
    return {
        "speak": {"seconds": row.speak, "spoke_at": row.speak_spoke_at.isoformat()},
        "listen": {"seconds": row.listen, "spoke_at": row.listen_spoke_at.isoformat()},
        "overlap": row.overlap,
        "overlaps": row.overlaps,
    }


def _row(pk: int, talk: Talk) -> CallTalk:
    return CallTalk(
        call_id=pk,
        speak=talk.speak.talk,
        listen=talk.listen.talk,
        overlap=talk.overlap,
        overlaps=talk.overlaps,
        speak_silence=talk.speak.silence,
        listen_silence=talk.listen.silence,
        speak_spoke_at=_moment(talk.speak.spoke_at),
        listen_spoke_at=_moment(talk.listen.spoke_at),
        until=_moment(talk.until),
    )


def _talk(row: CallTalk) -> Talk:
    return Talk(
        Party(row.speak, row.speak_silence, row.speak_spoke_at.timestamp()),
        Party(row.listen, row.listen_silence, row.listen_spoke_at.timestamp()),
        row.overlap,
        row.overlaps,
        row.until.timestamp(),
    )


def _moment(at: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at, datetime.UTC)
