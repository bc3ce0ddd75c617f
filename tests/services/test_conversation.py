"""One conversation is made of all that was told of a call."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from monitor.models import CallEvent
from monitor.services.conversation import Line, describe, lines
from tests.support.rows import NOW


def event(kind: str, text: str = "", role: str = "", after: float = 0, **fields: Any) -> CallEvent:
    """Return an event, live unless it is of a kind that only the record has."""
    is_record = kind in ("call_log", "swaig_log")
    return CallEvent(
        at=NOW + datetime.timedelta(seconds=after),
        agent=fields.pop("agent", "desk"),
        kind=kind,
        role=role,
        text=text,
        payload=fields,
        source="authority" if is_record else "live",
    )


def shown(*events: CallEvent) -> list[tuple[str, str]]:
    return [(line.side, line.text) for line in lines(events)]


def only(*events: CallEvent) -> Line:
    (line,) = lines(events)
    return line


def test_live_events_are_in_the_order_of_their_times() -> None:
    assert shown(
        event("conversation_add", "Fine.", "assistant", 2),
        event("conversation_add", "Hello.", "user", 1),
    ) == [("caller", "Hello."), ("agent", "Fine.")]


def test_a_sentence_that_two_kinds_of_events_tell_is_said_once() -> None:
    line = only(
        event("speech_detect", "hello there", "user", 1),
        event("conversation_add", "Hello there!", "user", 0.4),
    )
    assert line.text == "Hello there!"


def test_the_same_sentence_said_twice_is_twice_there() -> None:
    told = [
        event("speech_detect", "Yes.", "user", 1),
        event("speech_detect", "Yes.", "user", 6),
        event("conversation_add", "Yes.", "user", 0.5),
    ]
    assert shown(*told) == [("caller", "Yes."), ("caller", "Yes.")]


class TestUnfinishedSpeech:
    """Speech that is not recognized to its end is shown until more of it comes."""

    def test_it_is_a_line_of_its_own_kind(self) -> None:
        line = only(event("speech_detect", "I need", "user", source="partial"))
        assert (line.text, line.partial) == ("I need", True)

    def test_it_grows(self) -> None:
        line = only(
            event("speech_detect", "I need a", "user", 0.4, source="interim"),
            event("speech_detect", "I need", "user", 0, source="interim"),
        )
        assert (line.text, line.partial) == ("I need a", True)

    def test_the_finished_sentence_takes_its_place(self) -> None:
        line = only(
            event("speech_detect", "I need", "user", 0, source="partial"),
            event("speech_detect", "I read a book.", "user", 1),
        )
        assert (line.text, line.partial) == ("I read a book.", False)

    def test_so_does_one_whose_time_is_that_of_its_beginning(self) -> None:
        line = only(
            event("conversation_add", "I need a ride.", "user", 0),
            event("speech_detect", "I need, a", "user", 1, source="partial"),
        )
        assert line.text == "I need a ride."

    def test_another_sentence_before_it_leaves_it(self) -> None:
        assert shown(
            event("speech_detect", "Hello.", "user", 0),
            event("speech_detect", "I need", "user", 1, source="partial"),
        ) == [("caller", "Hello."), ("caller", "I need")]

    def test_the_other_side_leaves_it(self) -> None:
        assert shown(
            event("speech_detect", "I need", "user", 0, source="partial"),
            event("conversation_add", "Go on.", "assistant", 1),
        ) == [("caller", "I need"), ("agent", "Go on.")]

    def test_what_is_said_much_later_leaves_it_because_its_end_was_lost(self) -> None:
        assert shown(
            event("speech_detect", "I need", "user", 0, source="partial"),
            event("speech_detect", "Hello?", "user", 15.1),
        ) == [("caller", "I need"), ("caller", "Hello?")]

    def test_the_record_leaves_none(self) -> None:
        line = only(
            event("call_log", "Hello.", "user", 0),
            event("speech_detect", "I need", "user", 5, source="partial"),
        )
        assert line.recorded


@pytest.mark.parametrize(
    ("measured", "seconds"),
    [
        ({"latency": 500, "audio_latency": 561, "acoustic_latency": 1088}, 1.088),
        ({"latency": 500, "audio_latency": 561, "acoustic_latency": None}, 0.561),
        ({"latency": 0, "audio_latency": 0, "acoustic_latency": 0}, None),
        ({"latency": 500, "utterance_latency": 550}, None),
        ({"acoustic_latency": "1088"}, None),
    ],
)
def test_the_latency_of_an_answer_is_from_mouth_to_ear(
    measured: dict[str, Any], seconds: float | None
) -> None:
    assert only(event("call_log", "Sure.", "assistant", **measured)).latency == seconds


def test_what_an_agent_was_told_to_say_is_said() -> None:
    assert shown(event("call_log", "One moment.", "assistant-manual")) == [("agent", "One moment.")]


def test_a_line_is_described_as_the_protocol_has_it() -> None:
    line = only(event("function_call", "weather", "tool", duration_ms=412, error="timeout"))
    assert describe(line) == {
        "at": "2030-01-01T12:00:00.000+00:00",
        "side": "tool",
        "text": "weather",
        "recorded": False,
        "interrupted": False,
        "error": True,
        "partial": False,
        "latency": None,
        "tool": {"arguments": "", "result": "", "milliseconds": 412, "error": "timeout"},
    }


def test_ten_thousand_events_make_lines_within_seconds() -> None:
    """Each sentence is compared with the same ones only; with all, this would take minutes."""
    said = [event("conversation_add", f"Sentence {n}.", "user", n) for n in range(5000)]
    heard = [event("speech_detect", f"sentence {n}", "user", n + 0.3) for n in range(5000)]
    assert len(lines([*said, *heard])) == 5000


def test_prompts_and_tool_messages_are_nobodys_words() -> None:
    assert not lines([event("call_log", "You are …", "system"), event("call_log", "{}", "tool")])


def test_the_record_replaces_what_came_live_and_says_so() -> None:
    line = only(
        event("conversation_add", "I scream.", "user"), event("call_log", "Ice cream.", "user", 3)
    )
    assert (line.text, line.recorded) == ("Ice cream.", True)


def test_a_record_replaces_the_words_of_its_own_agent_only() -> None:
    assert shown(
        event("conversation_add", "Hello.", "assistant", 0),
        event("call_log", "Hello!", "assistant", 0),
        event("conversation_add", "Second desk.", "assistant", 5, agent="second"),
    ) == [("agent", "Hello!"), ("agent", "Second desk.")]


def test_the_record_marks_what_was_interrupted() -> None:
    line = only(
        event("call_log", "We are open …", "assistant", barged=True), event("barge", after=1)
    )
    assert line.interrupted


def test_a_barge_is_a_line_where_the_record_does_not_tell_of_it() -> None:
    told = event("call_log", "We are open.", "assistant"), event("barge", after=1)
    assert shown(*told)[1] == ("note", "The caller interrupted the agent")
    line = only(event("barge", barge_elapsed_ms=1240))
    assert line.text == "The caller interrupted the agent after 1.2 s"


def test_a_tool_has_its_arguments_its_answer_and_its_duration() -> None:
    line = only(
        event("function_call", "weather", "tool", 2, duration_ms=412),
        event(
            "swaig_log",
            "weather",
            "tool",
            1,
            command_arg='{"city": "Ulm"}',
            post_response={"response": "Rain.", "action": []},
        ),
    )
    assert line.tool is not None
    assert line.tool.arguments == '{\n  "city": "Ulm"\n}'
    assert (line.tool.result, line.tool.milliseconds, line.tool.error) == ("Rain.", 412, "")
    assert (line.text, line.is_error, line.recorded) == ("weather", False, True)


def test_the_arguments_of_a_tool_call_may_be_parsed_already_or_broken() -> None:
    parsed = only(event("swaig_call", "x", argument={"parsed": [{"a": 1}], "raw": "?"}))
    broken = only(event("swaig_call", "x", argument="{a"))
    assert parsed.tool is not None
    assert broken.tool is not None
    assert (parsed.tool.arguments, broken.tool.arguments) == ('{\n  "a": 1\n}', "{a")


def test_a_tool_that_failed_says_why() -> None:
    line = only(event("swaig_log", "pay", "tool", post_response={"error": "no connection"}))
    assert line.tool is not None
    assert (line.is_error, line.tool.error) == (True, "no connection")


def test_two_uses_of_a_tool_have_their_own_durations() -> None:
    told = [
        event("function_call", "look_up", "tool", n * 20, duration_ms=100 * (n + 1))
        for n in range(2)
    ]
    logged = [event("swaig_log", "look_up", "tool", n * 20 + 1) for n in range(2)]
    assert [line.tool and line.tool.milliseconds for line in lines([*told, *logged])] == [100, 200]


def test_holds_steps_and_errors_are_told_with_what_is_known() -> None:
    assert shown(
        event("hold", after=0, event="hold", timeout=30),
        event("hold", after=1, event="unhold"),
        event("step_change", after=2, step="payment"),
        event("webhook_fail", "timeout", after=3),
        event("session_end", "normal", after=4),
    ) == [
        ("note", "The agent is on hold"),
        ("note", "The agent is no longer on hold"),
        ("note", "Next step: payment"),
        ("note", "A webhook failed: timeout"),
        ("note", "The agent ended: normal"),
    ]
    assert only(event("llm_error", "llm_retry")).is_error


def test_a_kind_that_is_not_known_is_no_line() -> None:
    assert not lines([event("new_in_2030", "x", "user")])


def test_lines_of_one_moment_keep_their_order() -> None:
    told = [event("call_log", str(n), "user") for n in range(5)]
    assert [line.text for line in lines(told)] == ["0", "1", "2", "3", "4"]
