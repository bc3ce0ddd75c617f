"""How long what is said takes from its arrival to the consoles."""

from __future__ import annotations

import asyncio
import json

from monitor.fanout.words_delay import WordsDelay
from monitor.telemetry.metrics import Metrics


async def test_the_delay_is_from_the_arrival_of_each_message_to_the_writes() -> None:
    metrics, now = Metrics(), 100.0
    delay = WordsDelay(metrics.words_delay, lambda: now)
    text = 'Spell it: "received": 7}'
    for received in (99.98, 99.7):
        line = {"side": "caller", "text": text, "tool": None}
        delay.sent(json.dumps({"type": "words", "lines": [line], "received": received}).encode())
    now = 100.1  # the writes have taken that long
    await asyncio.sleep(0)
    assert metrics.take() == {
        "words_delay_seconds|0.25": 1,
        "words_delay_seconds|0.5": 1,
        "words_delay_seconds|sum": 520_000,
    }
