"""What SignalWire's AI tells of a call, where it comes in another form than usual, or too large."""

from __future__ import annotations

import json
from typing import Any

from monitor.adapters.carriers.signalwire.words import MAX_EVENT, parse_summary
from monitor.wire.call_report import ReportedEvent
from tests.support.words import said, summary


def parsed(**fields: Any) -> tuple[ReportedEvent, ...]:
    report = parse_summary(json.dumps(summary(**fields)).encode())
    assert report
    return report.events


def test_a_message_in_parts_is_one_text() -> None:
    entry = said("assistant", "")
    entry["content"] = [{"type": "text", "text": "One moment,"}, "please.", {"type": "image"}]
    assert parsed(call_log=[entry])[0].text == "One moment, please."


def test_a_record_that_is_too_large_is_kept_without_its_largest_fields() -> None:
    entry = said("user", "I need a ride.", audio="x" * MAX_EVENT, notes="y" * 200)
    event = parsed(call_log=[entry])[0]
    assert event.text == "I need a ride."
    assert event.payload["left_out"] == {"audio": MAX_EVENT + 2}
    assert event.payload["notes"] == "y" * 200


def test_as_many_fields_are_left_out_as_must_be() -> None:
    entry = said("user", "Hello.", audio="x" * MAX_EVENT, video="y" * (MAX_EVENT + 1))
    payload = parsed(call_log=[entry])[0].payload
    assert payload["left_out"] == {"video": MAX_EVENT + 3, "audio": MAX_EVENT + 2}
    assert len(json.dumps(payload)) <= MAX_EVENT


def test_a_record_of_very_many_fields_is_kept_in_part() -> None:
    entry = said("user", "Hello.", **{f"{n:060}": n for n in range(5000)})
    payload = parsed(call_log=[entry])[0].payload
    assert len(json.dumps(payload)) <= MAX_EVENT
    assert len(payload["left_out"]) == 20
