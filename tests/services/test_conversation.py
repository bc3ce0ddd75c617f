"""One conversation is made of all that was told of a call."""

from __future__ import annotations

import datetime
from typing import Any

from monitor.models import CallEvent
from monitor.services.conversation import Line, lines
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


def test_an_unfinished_sentence_is_no_line() -> None:
    assert not lines([event("speech_detect", "Hel", "user", source="partial")])


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
