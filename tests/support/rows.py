"""Rows of a tap, read and changed directly, without the tap's services."""

from __future__ import annotations

import datetime
from typing import Any

from monitor.models import Call, CallTalk, Tap, TapEvent
from monitor.services import media
from monitor.services.taps import OpenedTap

SECOND = datetime.timedelta(seconds=1)
MINUTE = datetime.timedelta(minutes=1)
NOW = datetime.datetime(2030, 1, 1, 12, tzinfo=datetime.UTC)


def read(opened: OpenedTap) -> Tap:
    return Tap.objects.get(pk=opened.tap.pk)


def change(opened: OpenedTap, **fields: Any) -> None:
    Tap.objects.filter(pk=opened.tap.pk).update(**fields)


def connect(opened: OpenedTap, at: datetime.datetime) -> None:
    """Let a tap's media connect by a test's clock, which the tap's request did not know."""
    change(opened, requested_at=at)
    media.connect(opened.tap.pk, "a")


def reasons(opened: OpenedTap) -> list[str]:
    return list(
        TapEvent.objects.filter(tap=opened.tap).order_by("id").values_list("reason", flat=True)
    )


def keep_talk(call: Call, **changed: Any) -> CallTalk:
    """Keep that the caller talked three times as long as the agent, who was silent for a minute."""
    measured = {
        "speak": 75.0,
        "listen": 25.0,
        "overlap": 1.2,
        "overlaps": 2,
        "speak_silence": 4.2,
        "listen_silence": 61.0,
        "speak_spoke_at": NOW,
        "listen_spoke_at": NOW,
        "until": NOW,
    }
    row, _ = CallTalk.objects.update_or_create(call=call, defaults={**measured, **changed})
    return row
