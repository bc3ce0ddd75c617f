"""Tells of a call as SignalWire would, without HTTP."""

from __future__ import annotations

import datetime
import json
from typing import Any

from monitor.adapters.carriers.signalwire import words
from monitor.services import call_events
from tests.support.rows import NOW
from tests.support.words import AGENT


def tell(body: dict[str, Any], at: datetime.datetime | None = NOW, agent: str = AGENT) -> int:
    """Record a post as the webhook does; return how many events are new. None is now."""
    raw = json.dumps(body).encode()
    report = words.parse_events(raw) if "call_info" in body else words.parse_summary(raw)
    assert report
    return call_events.record(agent, report, at)
