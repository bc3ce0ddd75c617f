"""Calls need attention for what is said and done in them: once each, whatever the order."""

from __future__ import annotations

import math
from typing import Any

import pytest
from django.contrib.auth.models import User

from monitor.audio.condition import Kind
from monitor.models import Call, CallMark, TapState
from monitor.services import listens, marks, transitions
from monitor.services.taps import OpenedTap
from monitor.services.transitions import Transition
from tests.support.alerts import HUMAN, look, ongoing, since, tell, turns
from tests.support.listening import begin_listening
from tests.support.rows import NOW, SECOND, change, read
from tests.support.words import (
    at,
    barge,
    events,
    failed,
    heard,
    hold,
    llm_error,
    logged,
    summary,
    tool,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def watched(settings: Any) -> None:
    settings.WATCHED_PHRASES = ("lawyer", "room 441")


class TestPhrases:
    @pytest.mark.parametrize(
        "body",
        [
            heard("I will call my lawyer!"),
            heard("It is room four four one."),
            events(conversation_add={"role": "assistant", "content": "Room 4 4 1 is yours."}),
            events(oart_user_transcript={"text": "¡Mi LAWYER!"}),
        ],
        ids=["a word", "a number in words", "the agent", "speech to speech"],
    )
    def test_a_watched_phrase_is_noticed(self, body: dict[str, Any]) -> None:
        tell(body)
        [mark] = CallMark.objects.all()
        assert (mark.kind, mark.severity, mark.began_at) == ("phrase", 62, NOW)

    def test_the_mark_has_no_words_of_the_call(self) -> None:
        """Whoever sees the list may not be allowed to read what is said."""
        tell(heard("I will call my lawyer!"))
        assert CallMark.objects.get().note == ""

    @pytest.mark.parametrize(
        "body",
        [
            heard("Lawyers cost a lot."),
            events(speech_detect={"text": "lawyer", "source": "partial"}),
            events(conversation_add={"role": "system", "content": "lawyer"}),
            events(warning={"message": "lawyer"}),
            summary(call_log=[{"role": "user", "content": "lawyer"}]),
        ],
        ids=[
            "another word",
            "unfinished",
            "what the model is told",
            "no speech",
            "the record of the call",
        ],
    )
    def test_nothing_else_is(self, body: dict[str, Any]) -> None:
        tell(heard("Hello."))
        tell(body)
        assert not CallMark.objects.exists()

    def test_nothing_is_watched_without_a_list(self, settings: Any) -> None:
        settings.WATCHED_PHRASES = settings.HUMAN_PHRASES = ()
        tell(heard("lawyer"))
        tell(HUMAN)
        assert not CallMark.objects.exists()


class TestPerson:
    def test_a_caller_who_asks_for_a_person_is_noticed(self) -> None:
        tell(HUMAN)
        assert ongoing() == ["wants_person"]

    def test_an_agent_that_offers_one_is_not(self) -> None:
        tell(events(conversation_add={"role": "assistant", "content": "You may talk to a human."}))
        assert ongoing() == []

    def test_the_phrases_can_be_others(self, settings: Any) -> None:
        settings.HUMAN_PHRASES = ("get me anna",)
        tell(HUMAN)
        assert ongoing() == []
        tell(heard("Get me Anna!"))
        assert ongoing() == ["wants_person"]


class TestListening:
    """What was said wants a listener."""

    def listen(self, user: User, opened: OpenedTap, second: float) -> int:
        session = begin_listening(user, opened.tap, listens.Client("192.0.2.7", "Browser"))
        session.started_at = NOW + second * SECOND
        session.save()
        return session.pk

    def test_it_ends_when_somebody_has_listened_for_five_seconds(
        self, opened: OpenedTap, alice: User
    ) -> None:
        tell(heard("I want a lawyer and a real person."))
        session = self.listen(alice, opened, 2)
        marks.end_listened([session], NOW + 6 * SECOND)
        assert sorted(ongoing()) == ["phrase", "wants_person"]
        marks.end_listened([session], NOW + 7 * SECOND)
        assert ongoing() == []

    def test_what_was_said_before_that_and_is_told_late_begins_nothing(
        self, opened: OpenedTap, alice: User
    ) -> None:
        tell(HUMAN)
        marks.end_listened([self.listen(alice, opened, 0)], NOW + 6 * SECOND)
        tell(logged("user", "Let me talk to a human, please.", -0.5), 8)
        assert ongoing() == []

    def test_what_is_said_after_that_begins_once_more(self, opened: OpenedTap, alice: User) -> None:
        tell(HUMAN)
        marks.end_listened([self.listen(alice, opened, 0)], NOW + 6 * SECOND)
        tell(HUMAN, 20)
        assert (ongoing(), since(Kind.WANTS_PERSON)) == (["wants_person"], 20)

    def test_a_look_does_not_end_it(self) -> None:
        tell(HUMAN)
        look(3000)
        assert ongoing() == ["wants_person"]


class TestTools:
    def test_a_tool_that_fails_twice_is_noticed_since_its_first_failure(self) -> None:
        tell(failed(), 0)
        assert ongoing() == []
        tell(failed(), 20)
        [mark] = CallMark.objects.all()
        assert (mark.kind, mark.note, mark.severity) == ("tool_fails", "get_weather", 65)
        assert mark.began_at == NOW

    def test_two_tools_that_fail_once_are_not(self) -> None:
        tell(failed("get_weather"))
        tell(failed("book"), 1)
        assert ongoing() == []

    def test_a_success_in_between_starts_over(self) -> None:
        tell(failed(), 0)
        tell(tool(), 10)
        tell(failed(), 20)
        assert ongoing() == []

    def test_two_events_about_one_failure_are_one(self) -> None:
        tell(failed())
        tell(events(webhook_fail={"error": "timeout", "function": "get_weather"}), 1)
        tell(events(function_call={"function": "get_weather", "duration_ms": 900}), 1)
        assert ongoing() == []

    def test_webhooks_without_a_name_are_told_apart_by_their_address(self) -> None:
        for n, place in enumerate("aba"):
            failure = {"error": "timeout", "request_url": f"https://example.com/{place}"}
            assert ongoing() == []
            tell(events(webhook_fail=failure), 10 * n)
        [mark] = CallMark.objects.all()
        assert (mark.kind, mark.note, mark.began_at) == ("tool_fails", "", NOW)

    def test_its_next_success_ends_it(self) -> None:
        tell(failed(), 0)
        tell(failed(), 20)
        tell(tool("book"), 30)
        look(31)
        assert ongoing() == ["tool_fails"]
        tell(tool(), 40)
        look(41)
        assert ongoing() == []
        assert CallMark.objects.get().ended_at == NOW + 41 * SECOND

    def test_a_tool_that_is_given_up_is_forgotten_after_five_minutes(self) -> None:
        tell(failed(), 0)
        tell(failed(), 20)
        look(299)
        assert ongoing() == ["tool_fails"]
        look(300)
        assert ongoing() == []

    def test_a_success_that_was_overtaken_by_the_failures_counts_at_its_time(self) -> None:
        tell(at(failed(), 0))
        tell(at(failed(), 20), 20)
        tell(at(tool(), 10), 21)
        look(22)
        assert ongoing() == []


class TestModel:
    @pytest.mark.parametrize("event", ["llm_fatal", "llm_retry", "llm_fallback"])
    def test_an_error_of_the_model_is_noticed_for_a_minute(self, event: str) -> None:
        tell(llm_error(event), 5)
        assert (ongoing(), since(Kind.LLM_ERROR)) == (["llm_error"], 5)
        look(64)
        assert ongoing() == ["llm_error"]
        look(65)
        assert ongoing() == []

    def test_another_one_prolongs_it(self) -> None:
        tell(llm_error(), 0)
        tell(llm_error(), 50)
        look(100)
        assert (ongoing(), since(Kind.LLM_ERROR)) == (["llm_error"], 0)

    def test_several_may_be_needed(self, settings: Any) -> None:
        settings.LLM_ERRORS = 3
        for second in (0, 50, 100, 109):
            assert ongoing() == []
            tell(llm_error(), second)
        assert since(Kind.LLM_ERROR) == 50
        look(168)
        assert ongoing() == ["llm_error"]  # until there is none for a minute
        look(169)
        assert ongoing() == []


class TestInterruptions:
    def test_many_in_a_minute_are_noticed_since_the_first_of_them(self) -> None:
        for n, second in enumerate((0, 30, 61, 70, 80)):
            assert ongoing() == []
            tell(barge(n), second)
        assert (ongoing(), since(Kind.BARGE_INS)) == (["barge_ins"], 30)

    def test_they_end_when_there_are_less_than_half_as_many(self) -> None:
        for n, second in enumerate((0, 10, 20, 30)):
            tell(barge(n), second)
        look(79)
        assert ongoing() == ["barge_ins"]
        look(80)
        assert ongoing() == []


class TestHold:
    def test_a_long_hold_is_noticed_when_it_is_long(self) -> None:
        tell(hold(), 5)
        look(124)
        assert ongoing() == []
        look(125)
        assert (ongoing(), since(Kind.LONG_HOLD)) == (["long_hold"], 5)

    def test_it_ends_with_the_hold(self) -> None:
        tell(hold())
        look(120)
        tell(hold("unhold"), 130)
        look(131)
        assert ongoing() == []

    def test_a_hold_that_is_told_again_goes_on(self) -> None:
        tell(hold())
        tell(hold(), 60)
        look(120)
        assert since(Kind.LONG_HOLD) == 0

    def test_speech_proves_that_a_hold_is_over(self) -> None:
        tell(hold())
        look(120)
        tell(heard("Hello again."), 130)
        look(131)
        assert ongoing() == []

    def test_what_was_said_before_and_is_told_late_proves_nothing(self) -> None:
        tell(hold())
        tell(heard("One moment, please."), 4)
        look(120)
        assert ongoing() == ["long_hold"]

    def test_a_short_hold_is_none(self) -> None:
        tell(hold())
        tell(hold("unhold"), 119)
        look(200)
        assert not CallMark.objects.exists()


class TestAnswers:
    def test_five_of_which_three_are_slow_are_noticed_since_the_first_slow_one(self) -> None:
        turns([1, 4, 3, 1])
        assert ongoing() == []
        turns([3.5], 40)
        assert since(Kind.SLOW_ANSWERS) == pytest.approx(10, abs=1)

    def test_they_end_when_the_median_is_well_below(self) -> None:
        end = turns([3] * 5)
        assert ongoing() == ["slow_answers"]
        end = turns([2.5] * 3, end)
        look(end)
        assert ongoing() == ["slow_answers"]
        end = turns([1.5] * 3, end)
        look(end)
        assert ongoing() == []

    def test_what_the_carrier_measured_counts_where_there_is_any(self) -> None:
        for second in range(0, 50, 10):
            assert ongoing() == []
            measured = {"acoustic_latency": 4000 + second, "latency": 100}
            tell(events(oart_response_done=measured), second + 4)
        assert ongoing() == ["slow_answers"]

    def test_an_agent_that_goes_on_by_itself_answers_nothing(self) -> None:
        tell(logged("user", "Tell me all.", 0))
        for n in range(8):
            tell(logged("assistant", f"Chapter {n}", 10 * n + 1), 10 * n + 1)
        assert ongoing() == []


class TestSwitchedOff:
    @pytest.mark.parametrize(
        "name",
        [
            "TOOL_FAILURES",
            "LLM_ERRORS",
            "BARGE_INS_PER_MINUTE",
            "HOLD_SECONDS",
            "SLOW_ANSWER_SECONDS",
        ],
    )
    def test_each_can_be_switched_off(self, settings: Any, name: str) -> None:
        before = self.all_kinds()
        CallMark.objects.all().delete()
        Call.objects.all().delete()
        setattr(settings, name, math.inf)
        assert len(self.all_kinds()) == len(before) - 1

    def all_kinds(self) -> list[str]:
        for n in range(5):
            tell(barge(n), n)
        tell(failed(), 0)
        tell(failed(), 5)
        tell(llm_error(), 5)
        turns([5] * 5)
        tell(hold(), 50)
        tell(barge(9), 160)
        for n in range(5):
            tell(barge(n), 165 + n)
        look(170)
        return sorted(set(CallMark.objects.values_list("kind", flat=True)))


class TestLife:
    def test_a_call_that_is_over_gets_no_marks(self) -> None:
        tell(heard("Hello."))
        tell(events(session_end={"reason": "normal"}), 10)
        tell(at(HUMAN, 5), 11)
        tell(llm_error(), 11)
        look(12)
        assert not CallMark.objects.exists()

    def test_the_end_of_the_agents_part_ends_what_was_told_of_it(self, opened: OpenedTap) -> None:
        """Its tap may go on: the caller may have been handed to a person."""
        marks.write([marks.Mark(opened.tap.call_id, Kind.DEAD_AIR, "", NOW)], [], NOW)
        tell(HUMAN)
        tell(llm_error())
        tell(events(session_end={"reason": "normal"}), 10)
        assert ongoing() == ["dead_air"]

    def test_the_record_of_the_call_ends_them_too(self) -> None:
        tell(HUMAN)
        tell(summary(), 10)
        assert ongoing() == []

    def test_the_end_of_the_tap_ends_what_was_heard(self, opened: OpenedTap) -> None:
        marks.write([marks.Mark(opened.tap.call_id, Kind.DEAD_AIR, "", NOW)], [], NOW)
        tell(HUMAN)
        change(opened, state="tapping")
        transitions.move(read(opened), Transition(TapState.FINISHED, "finished", ended_at=NOW))
        assert ongoing() == ["wants_person"]

    def test_a_call_that_is_gone_is_left_alone(self) -> None:
        tell(hold())
        Call.objects.update(gone_at=NOW)
        look(300)
        assert not CallMark.objects.exists()

    def test_a_call_that_is_only_tapped_is_left_alone(self, opened: OpenedTap) -> None:
        marks.write([marks.Mark(opened.tap.call_id, Kind.PHRASE, "", NOW)], [], NOW)
        assert not CallMark.objects.exists()
