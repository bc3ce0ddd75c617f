"""What the history keeps of a call that is over, made of its conversation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.adapters.carriers.signalwire import words
from monitor.models import Call, CallReport, CallTool, CallWords
from monitor.services import call_events
from tests.support.keys import NEW
from tests.support.rows import NOW, SECOND
from tests.support.words import AGENT, events, heard, said, summary

pytestmark = pytest.mark.django_db

UNIX = NOW.timestamp()
END = {"reason": "normal", "ended_by": "assistant", "input_tokens": 5627, "output_tokens": 119}


def tell(body: dict[str, Any], seconds: float = 0, agent: str = AGENT) -> None:
    """Record a post as the webhook does, so many seconds after the call began."""
    raw = json.dumps(body).encode()
    report = words.parse_events(raw) if "call_info" in body else words.parse_summary(raw)
    assert report
    call_events.record(agent, report, NOW + seconds * SECOND)


def entry(role: str, content: str, seconds: float, **more: Any) -> dict[str, Any]:
    return said(role, content, UNIX + seconds, **more)


def report() -> CallReport:
    return CallReport.objects.get()


def test_a_call_that_goes_on_has_none() -> None:
    tell(heard("Hello."))
    assert not CallReport.objects.exists()
    assert not CallWords.objects.exists()


class TestFigures:
    def test_a_turn_is_all_that_a_party_says_until_the_other_speaks(self) -> None:
        log = [
            entry("assistant", "Good morning.", 1),
            entry("assistant", "How can I help?", 2),
            entry("user", "My order is late.", 4),
            entry("assistant", "Let me look.", 6),
        ]
        tell(summary(call_log=log), 10)
        assert report().turns == 3

    def test_the_record_says_how_often_the_caller_interrupted(self) -> None:
        tell(events(barge={"barge_elapsed_ms": 900}), 1)
        tell(events(barge={"barge_elapsed_ms": 901}), 5)
        log = [
            entry("assistant", "Good morning.", 1, barged=True),
            entry("assistant", "Let me look.", 6, barged=False),
        ]
        tell(summary(raw_call_log=log), 10)
        assert report().interruptions == 1

    def test_it_does_so_where_words_are_encrypted(self, settings: Any) -> None:
        settings.ENCRYPTION_KEYS = (NEW,)
        tell(events(barge={"barge_elapsed_ms": 900}), 1)
        tell(summary(raw_call_log=[entry("assistant", "Good morning.", 1, barged=False)]), 10)
        assert report().interruptions == 0

    def test_without_a_record_the_live_events_say_it(self) -> None:
        tell(events(barge={"barge_elapsed_ms": 900}), 1)
        tell(events(barge={"barge_elapsed_ms": 901}), 5)
        tell(events(session_end=END), 9)
        assert report().interruptions == 2

    def test_errors_are_those_of_the_agent_and_of_its_tools(self) -> None:
        tell(events(llm_error={"event": "llm_retry"}), 3)
        failed = {"command_name": "look_up", "epoch_time": UNIX + 4, "error": "timed out"}
        tell(summary(swaig_log=[failed]), 10)
        assert report().errors == 2

    def test_the_median_of_the_latencies_is_kept(self) -> None:
        log = [
            entry("assistant", f"Answer {n}.", n, audio_latency=latency)
            for n, latency in enumerate((900, 1100, 4000))
        ]
        tell(summary(call_log=log), 10)
        assert report().latency == 1.1

    def test_what_nobody_measured_is_not_known(self) -> None:
        tell(events(session_end={"reason": "normal"}), 9)
        kept = report()
        assert (kept.latency, kept.minutes, kept.input_tokens) == (None, None, None)
        assert kept.ended_by == ""

    def test_the_end_of_a_session_tells_the_tokens_and_who_ended_it(self) -> None:
        tell(events(session_end=END), 9)
        kept = report()
        assert (kept.ended_by, kept.input_tokens, kept.output_tokens) == ("assistant", 5627, 119)

    def test_the_record_knows_them_better(self) -> None:
        accounted: dict[str, Any] = {
            "total_minutes": 1.5,
            "total_input_tokens": 6000,
            "total_output_tokens": 200,
            "total_asr_minutes": 1.25,
            "total_tts_chars": 830,
        }
        tell(summary(call_ended_by="caller", **accounted), 8)
        tell(events(session_end=END), 9)
        kept = report()
        assert (kept.ended_by, kept.minutes, kept.speech_minutes) == ("caller", 1.5, 1.25)
        assert (kept.input_tokens, kept.output_tokens, kept.voice_characters) == (6000, 200, 830)

    def test_the_parts_of_several_agents_are_added_up(self) -> None:
        tell(summary(total_minutes=1.5, ai_session_id="1"), 8, agent="first")
        tell(summary(total_minutes=2, ai_session_id="2"), 9, agent="second")
        assert report().minutes == 3.5

    @pytest.mark.parametrize("odd", ["many", -1, True, 1e300, None, [3]])
    def test_figures_that_make_no_sense_are_left_out(self, odd: Any) -> None:
        tell(summary(total_input_tokens=odd, total_minutes=odd), 9)
        kept = report()
        assert (kept.input_tokens, kept.minutes) == (None, None)


def test_each_tool_is_kept_with_its_uses_and_failures() -> None:
    uses = [
        {"command_name": "look_up", "epoch_time": UNIX + 1, "error": "timed out"},
        {"command_name": "look_up", "epoch_time": UNIX + 40},
        {"command_name": "book", "epoch_time": UNIX + 60},
    ]
    tell(summary(swaig_log=uses), 70)
    tell(summary(swaig_log=uses, total_minutes=2), 71)  # another record: what was kept is replaced
    kept = CallTool.objects.order_by("name").values_list("name", "uses", "failures")
    assert list(kept) == [("book", 1, 0), ("look_up", 2, 1)]


class TestWords:
    def test_they_are_what_caller_and_agent_said(self) -> None:
        tell(summary(call_log=[entry("system", "Be kind.", 0), entry("user", "Hello.", 2)]), 9)
        kept = CallWords.objects.get()
        assert kept.lines == [[round((UNIX + 2) * 1000), "caller", "Hello."]]
        assert kept.text == "hello"

    def test_a_sentence_that_came_live_and_in_the_record_is_kept_once(self) -> None:
        tell(heard("My order is late"), 2)
        tell(events(conversation_add=entry("user", "My order is late.", 2)), 2)
        tell(summary(call_log=[entry("user", "My order is late.", 2)]), 9)
        assert CallWords.objects.get().text == "my order is late"

    def test_without_a_record_they_are_those_that_came_live(self) -> None:
        tell(heard("My order is late"), 2)
        tell(events(conversation_add=entry("user", "My order is late.", 2)), 2)
        tell(events(session_end=END), 9)
        assert CallWords.objects.get().text == "my order is late"

    def test_what_is_told_after_the_end_is_kept_too(self) -> None:
        tell(events(session_end=END), 9)
        tell(heard("Goodbye."), 10)
        assert CallWords.objects.get().text == "goodbye"

    def test_a_call_without_words_has_none(self) -> None:
        tell(summary(), 9)
        assert Call.objects.get().report.turns == 0
        assert not CallWords.objects.exists()
