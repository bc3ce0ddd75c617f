"""What carriers tell of calls becomes rows: once each, in any order, without card numbers."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from monitor.models import Call, CallEvent
from monitor.services import conversation, taps
from monitor.wire import private_patterns
from tests.support.rows import NOW, SECOND
from tests.support.tellings import tell
from tests.support.words import AGENT, CALL, events, heard, said, summary

pytestmark = pytest.mark.django_db

UNIX = NOW.timestamp()
CARD = "4111 1111 1111 1111"


def test_a_call_is_known_from_its_first_event_on() -> None:
    tell(heard("Hello."))
    call = Call.objects.get()
    assert (call.call_id, call.agent, call.project_id) == (CALL, AGENT, "project-1")
    assert call.ended_at is None


def test_what_is_told_later_completes_what_is_known_of_a_call() -> None:
    tell(heard("Hello."))
    taps.open_tap(CALL, agent="another name", caller="+15551230000")
    tell(summary(caller_id_name="Ann Lee", caller_id_number="+15559999999"))
    call = Call.objects.get()
    assert (call.agent, call.caller, call.caller_name) == (AGENT, "+15551230000", "Ann Lee")


def test_a_sentence_late_in_a_call_takes_five_queries(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    """One each to lock the call, to find repetitions, to count its events, to insert the new one,
    and to read what was said near it."""
    for n in range(30):
        tell(heard(f"Sentence {n * 'x'}."), NOW + n * SECOND)
    with django_assert_max_num_queries(5 + 2):  # two of them are the savepoint
        tell(heard("Nobody told me that."), NOW + 30 * SECOND)


def test_no_card_number_is_stored_anywhere() -> None:
    tell(heard(f"It is {CARD}."))
    tell(events(function_call={"function": "pay", "arguments": {"card": CARD, CARD: [CARD]}}))
    tell(events(odd=int(CARD.replace(" ", ""))))
    log = [said("user", "four one one one " + 12 * "one ", UNIX), said("user", f"{CARD}", UNIX)]
    tool = {"command_name": "pay", "command_arg": json.dumps({"card": CARD})}
    tell(summary(call_log=log, swaig_log=[tool], conversation_summary=CARD))
    assert CallEvent.objects.count() == 7
    for event in CallEvent.objects.all():
        stored = f"{event.text} {json.dumps(event.payload)}"
        assert "1111" not in stored
        assert "one one" not in stored
    assert CallEvent.objects.get(kind="speech_detect").text == "It is ••••."


def test_what_the_operators_patterns_match_is_stored_nowhere(settings: Any) -> None:
    settings.REDACT_PATTERNS = private_patterns.parse(r'["\\b\\d{3}-\\d{2}-\\d{4}\\b"]')
    number = "078-05-1120"
    tell(heard(f"It is {number}."))
    tell(events(function_call={"function": "look_up", "arguments": {number: [f"{number}"]}}))
    assert [event.text for event in CallEvent.objects.order_by("pk")] == ["It is ••••.", "look_up"]
    assert not [one for one in CallEvent.objects.all() if number in json.dumps(one.payload)]


class TestTimes:
    def test_the_carriers_time_is_kept_where_it_is_plausible(self) -> None:
        tell(events(conversation_add=said("user", "Hello.", UNIX - 2.5)))
        assert CallEvent.objects.get().at == NOW - 2.5 * SECOND

    @pytest.mark.parametrize("at", [UNIX + 6, UNIX - 90_000, 0.0, -1.0, 1e12])
    def test_ours_stands_in_for_another(self, at: float) -> None:
        tell(events(conversation_add=said("user", "Hello.", at)))
        assert CallEvent.objects.get().at == NOW

    @pytest.mark.parametrize("timestamp", [None, "soon", [], True, "9" * 400])
    def test_what_is_no_time_is_none(self, timestamp: Any) -> None:
        entry = {**said("user", "Hello."), "timestamp": timestamp}
        assert tell(events(conversation_add=entry)) == 1
        assert CallEvent.objects.get().at == NOW

    def test_an_entry_of_the_record_without_a_time_follows_the_one_before(self) -> None:
        log = [said("user", "One.", UNIX - 9), said("assistant", "Two.")]
        tell(summary(call_log=log))
        rows = CallEvent.objects.filter(kind="call_log").order_by("pk")
        assert [row.at for row in rows] == [NOW - 9 * SECOND] * 2


class TestRepetitions:
    def test_the_same_post_again_is_one_row(self) -> None:
        assert [tell(heard("Yes.")), tell(heard("Yes."), NOW + SECOND)] == [1, 0]

    def test_the_same_words_later_are_said_again(self) -> None:
        told = [tell(heard("Yes."), NOW + 4 * n * SECOND) for n in range(3)]
        assert told == [1, 1, 1]
        assert tell(heard("Yes."), NOW + 9 * SECOND) == 0

    def test_an_event_with_a_time_is_never_told_twice(self) -> None:
        body = events(conversation_add=said("user", "Yes.", UNIX))
        assert [tell(body), tell(body, NOW + 3600 * SECOND)] == [1, 0]

    def test_the_same_words_in_one_record_stay_apart(self) -> None:
        log = [said("user", "Yes."), said("user", "Yes.")]
        assert tell(summary(call_log=log)) == 3
        assert tell(summary(call_log=log), NOW + 3600 * SECOND) == 0


ENDED = events(session_end={"reason": "normal", "ended_by": "assistant"})
RECORD = summary(call_end_date=round((UNIX - 1) * 1e6))


class TestEnds:
    @pytest.mark.parametrize("order", list(itertools.permutations([ENDED, RECORD, heard("Bye.")])))
    def test_the_record_knows_the_end_best_whatever_came_first(self, order: Any) -> None:
        for body in order:
            tell(body)
        assert Call.objects.get().ended_at == NOW - SECOND

    def test_without_a_record_the_session_ends_the_call(self) -> None:
        tell(heard("Hello."))
        tell(ENDED, NOW + SECOND)
        assert Call.objects.get().ended_at == NOW + SECOND

    def test_a_call_that_another_agent_has_taken_over_goes_on(self) -> None:
        tell(ENDED)
        tell(heard("Are you there?"), NOW + SECOND, agent="second desk")
        assert Call.objects.get().ended_at is None
        tell(ENDED, NOW + 9 * SECOND, agent="second desk")
        assert Call.objects.get().ended_at == NOW + 9 * SECOND


TALK = [
    said("assistant" if n % 2 else "user", f"Sentence {n}.", UNIX - 60 + 5 * n) for n in range(6)
]
LIVE = [
    *(events(conversation_add=entry) for entry in TALK),
    *(heard(entry["content"]) for entry in TALK if entry["role"] == "user"),
    *(
        events(speech_detect={"text": entry["content"][:-3], "source": "partial"})
        for entry in TALK
        if entry["role"] == "user"
    ),
    heard("What nobody has said."),
    events(function_call={"function": "look_up", "duration_ms": 412}),
    events(session_start={}),
    events(barge={"barge_elapsed_ms": 900}),
    ENDED,
]
TOOL = {"command_name": "look_up", "epoch_time": int(UNIX) - 30, "command_arg": "{}"}
WHOLE = summary(
    call_log=TALK,
    raw_call_log=[{**entry, "barged": n == 3} for n, entry in enumerate(TALK)],
    swaig_log=[TOOL],
)


def transcript() -> list[dict[str, Any]]:
    """Return what was said and used as pages get it, but for how long a tool took: only the live
    event knows."""
    lines = conversation.lines(CallEvent.objects.order_by("at", "pk"))
    told = [conversation.describe(line) for line in lines if line.side != "note"]
    for line in told:
        if line["tool"]:
            del line["tool"]["milliseconds"]
    return told


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_in_any_order_with_repetitions_and_losses_the_transcript_ends_as_the_record(
    data: st.DataObject,
) -> None:
    Call.objects.all().delete()
    tell(WHOLE)
    expected = transcript()
    assert [line["text"] for line in expected if line["interrupted"]] == ["Sentence 3."]
    Call.objects.all().delete()
    kept = [body for body in LIVE if data.draw(st.booleans())]
    doubled = [body for body in kept if data.draw(st.booleans())]
    posts = data.draw(st.permutations([*kept, *doubled, WHOLE, WHOLE]))
    for n, body in enumerate(posts):
        tell(body, NOW + n * SECOND)
    assert transcript() == expected
    assert len(expected) == len(TALK) + 1
    assert Call.objects.get().ended_at is not None
