"""Calls of which is told what needs attention, and the marks that this makes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from monitor.adapters.carriers.signalwire import words
from monitor.audio.condition import Kind
from monitor.models import CallMark
from monitor.services import alerts, call_events
from tests.support.rows import NOW, SECOND
from tests.support.words import AGENT, heard, logged

HUMAN = heard("Let me talk to a human, please.")


def tell(body: dict[str, Any], second: float = 0, agent: str = AGENT) -> None:
    """Record a post as the webhook does, some seconds after NOW."""
    raw = json.dumps(body).encode()
    report = words.parse_events(raw) if "call_info" in body else words.parse_summary(raw)
    assert report
    call_events.record(agent, report, NOW + second * SECOND)


def look(second: float) -> None:
    alerts.look(NOW + second * SECOND)


def ongoing() -> list[str]:
    return list(CallMark.objects.filter(ended_at=None).values_list("kind", flat=True))


def since(kind: Kind) -> float:
    """Return since when a mark that has not ended holds, in seconds after NOW."""
    return (CallMark.objects.get(kind=kind, ended_at=None).began_at - NOW) / SECOND


def turns(seconds: Sequence[float], begin: float = 0) -> float:
    """Tell of a conversation in which each answer takes so long; return when it is over."""
    now = begin
    for n, wait in enumerate(seconds):
        tell(logged("user", f"question {n} of {begin}", now), now + 0.1)
        tell(logged("assistant", f"answer {n} of {begin}", now + wait), now + wait + 0.1)
        now += 10
    return now
