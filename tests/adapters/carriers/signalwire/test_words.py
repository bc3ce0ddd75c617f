"""What SignalWire's AI tells of a call, where it comes in another form than usual, or too large."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.adapters.carriers.signalwire.words import MAX_EVENT, parse_events, parse_summary
from monitor.wire.call_report import ReportedEvent
from tests.support.words import events, said, summary


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


SENT = {"call_id": "call-1", "caller_id_num": "+15551230000", "caller_id_name": "Ann Lee"}
IN_DATA = {
    "call_id": "call-1",
    "global_data": {"caller_id_number": "+15551230000", "caller_id_name": "Ann Lee"},
}


def caller_in(**told: Any) -> tuple[str, str]:
    report = parse_events(json.dumps(events("call-1", **told)).encode())
    return report.caller, report.caller_name


@pytest.mark.parametrize("sent", [SENT, IN_DATA])
def test_what_was_sent_to_a_tool_names_the_caller(sent: dict[str, Any]) -> None:
    known = ("+15551230000", "Ann Lee")
    assert caller_in(swaig_call={"command_name": "look_up", "post_data": sent}) == known
    assert caller_in(webhook_fail={"error": "webhook error", "request_payload": sent}) == known


@pytest.mark.parametrize("sent", [{**SENT, "call_id": "call-2"}, {"to": "x"}, "x", None, ["x"]])
def test_what_is_not_about_the_call_names_no_caller(sent: Any) -> None:
    assert caller_in(swaig_call={"post_data": sent}, webhook_fail="x") == ("", "")


def test_odd_fields_name_no_caller() -> None:
    odd = {"call_id": "call-1", "caller_id_num": 5, "caller_id_name": ["x"], "global_data": "x"}
    assert caller_in(swaig_call={"post_data": odd}) == ("", "")


def test_the_record_of_a_call_may_name_the_caller_in_the_agents_data_alone() -> None:
    body = summary(caller_id_name="", caller_id_number="", global_data=IN_DATA["global_data"])
    report = parse_summary(json.dumps(body).encode())
    assert report
    assert (report.caller, report.caller_name) == ("+15551230000", "Ann Lee")
