"""What is told of a pause is neither kept nor shown, however late it comes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from monitor.admin import vcon
from monitor.models import Call, CallEvent, CallPause, CallReport, CallWords
from monitor.services import conversation, last_said
from tests.support.rows import NOW, SECOND
from tests.support.tellings import tell
from tests.support.words import at, events, heard, hold, logged, said, summary, tool

pytestmark = pytest.mark.django_db

SECRET = "my word is heron"
#: A pause goes on from this second to that one, after NOW.
BEGAN, ENDED = 100, 160


@pytest.fixture
def call() -> Call:
    """A call that was paused and goes on."""
    tell(heard("Hello."), NOW)
    call = Call.objects.get()
    CallPause.objects.create(
        call=call,
        began_at=NOW + BEGAN * SECOND,
        ended_at=NOW + ENDED * SECOND,
        until=NOW + 400 * SECOND,
    )
    Call.objects.update(pause_changes=2)
    return call


@pytest.fixture
def paused(call: Call) -> Call:
    """A call that is paused."""
    CallPause.objects.update(ended_at=None)
    Call.objects.update(pause=CallPause.objects.get())
    return call


def is_kept(text: str = SECRET) -> bool:
    """Return whether anything of a text is in any table about calls."""
    rows = [*CallEvent.objects.values_list("text", "payload")]
    return text in json.dumps(rows)


LIVE = {
    "in the pause": (heard(SECRET), BEGAN + 30),
    "the moment it begins": (heard(SECRET), BEGAN),
    "in the pause, by the carrier's time, and told late": (logged("user", SECRET, 130), 300),
    "recognized after it": (logged("user", SECRET, ENDED + 4), ENDED + 5),
    "told after it, nobody says of when": (heard(SECRET), ENDED + 9),
    "begun before it": (logged("user", SECRET, BEGAN - 8), BEGAN + 2),
    "a tool": (tool(SECRET), BEGAN + 30),
    "a warning": (events(warning={"message": SECRET}), BEGAN + 30),
    "an unknown kind": (events(thought={"about": SECRET}), BEGAN + 30),
    "the end of the session": (events(session_end={"reason": SECRET}), BEGAN + 30),
}


@pytest.mark.parametrize(("body", "second"), LIVE.values(), ids=LIVE.keys())
def test_what_is_told_of_a_pause_is_not_stored(
    call: Call, body: dict[str, Any], second: int
) -> None:
    tell(logged("user", "The clocks agree.", 1), NOW + 1 * SECOND)
    tell(body, NOW + second * SECOND)
    assert not is_kept()


@pytest.mark.parametrize(("body", "second"), LIVE.values(), ids=LIVE.keys())
def test_without_a_pause_it_is(call: Call, body: dict[str, Any], second: int) -> None:
    CallPause.objects.all().delete()
    tell(logged("user", "The clocks agree.", 1), NOW + 1 * SECOND)
    tell(body, NOW + second * SECOND)
    assert is_kept()


KEPT = {
    "said before it": (logged("user", SECRET, BEGAN - 11), BEGAN + 30),
    "said after it": (logged("user", SECRET, ENDED + 6), ENDED + 7),
    "told well after it": (heard(SECRET), ENDED + 11),
}


@pytest.mark.parametrize(("body", "second"), KEPT.values(), ids=KEPT.keys())
def test_what_was_said_before_and_after_is_stored(
    call: Call, body: dict[str, Any], second: int
) -> None:
    tell(logged("user", "The clocks agree.", 1), NOW + 1 * SECOND)
    tell(body, NOW + second * SECOND)
    assert is_kept()


def test_nothing_is_stored_until_the_pause_ends(paused: Call) -> None:
    tell(heard(SECRET), NOW + 3000 * SECOND)
    assert not is_kept()


def test_a_carrier_whose_clock_is_wrong_is_understood(call: Call) -> None:
    """Its clock is 4 s ahead, so what it says was at 163 was at 159."""
    tell(logged("user", "It is now.", 54), NOW + 50 * SECOND)
    tell(logged("user", SECRET, ENDED + 7), NOW + 200 * SECOND)
    assert not is_kept()


def record(*log: dict[str, Any], **more: Any) -> None:
    tell(summary(call_log=list(log), **more), NOW + 300 * SECOND)


def second(number: float) -> float:
    return NOW.timestamp() + number


def test_the_record_keeps_what_was_said_before_and_after(call: Call) -> None:
    record(
        said("user", "Good morning.", second(1)),
        said("assistant", "What is the number?", second(BEGAN - 12)),
        said("user", SECRET, second(BEGAN + 20)),
        said("user", SECRET, second(ENDED + 2)),
        said("assistant", "Thank you.", second(ENDED + 20)),
    )
    lines = [line.text for line in conversation.of_call(call)]
    assert lines == ["Good morning.", "What is the number?", "Thank you."]


def test_a_sentence_that_was_told_before_the_pause_stays_in_the_record(call: Call) -> None:
    tell(logged("assistant", "What is the number?", BEGAN - 2), NOW + (BEGAN - 1) * SECOND)
    record(
        said("assistant", "What is the number?", second(BEGAN - 2)),
        said("user", SECRET, second(BEGAN - 1)),
    )
    assert [line.text for line in conversation.of_call(call)] == ["What is the number?"]


def test_what_was_said_before_and_again_in_the_pause_is_there_once(call: Call) -> None:
    tell(logged("user", "Yes.", BEGAN - 2), NOW + (BEGAN - 1) * SECOND)
    tell(logged("user", "Yes.", BEGAN + 20), NOW + (BEGAN + 21) * SECOND)
    told = [line.text for line in conversation.of_call(call)]
    assert told.count("Yes.") == 1


def test_what_the_record_gives_no_time_is_left_out(call: Call) -> None:
    record(said("user", "Good morning.", second(1)), said("user", SECRET), said("user", SECRET))
    assert not is_kept()


def test_a_record_without_any_times_leaves_nothing(call: Call) -> None:
    record(said("user", SECRET))
    assert not is_kept()


def test_a_summary_of_the_whole_call_is_left_out_and_its_figures_stay(call: Call) -> None:
    record(
        post_prompt_data={"raw": SECRET, "substituted": SECRET},
        conversation_summary=SECRET,
        global_data={"word": SECRET},
        total_minutes=3,
        call_ended_by="caller",
    )
    assert not is_kept()
    assert conversation.summary(call) == ""
    report = CallReport.objects.get()
    assert (report.minutes, report.ended_by) == (3, "caller")


def test_what_repeats_the_conversation_is_left_out_of_later_events(call: Call) -> None:
    log = [said("user", SECRET, second(BEGAN + 20))]
    used = {"command_name": "pay", "post_data": {"call_log": log}}
    tell(at(events(swaig_call=used), 200), NOW + 200 * SECOND)
    record(swaig_log=[{**used, "epoch_time": second(200)}])
    assert not is_kept()
    assert [line.text for line in conversation.of_call(call) if line.side == "tool"] == ["pay"]


def test_a_hold_in_a_pause_is_known(paused: Call) -> None:
    tell(hold(), NOW + (BEGAN + 10) * SECOND)
    assert CallEvent.objects.filter(kind="hold", payload={"event": "hold"}).exists()


def test_a_call_goes_on_while_nothing_of_it_is_kept(paused: Call) -> None:
    tell(heard(SECRET), NOW + 200 * SECOND)
    assert Call.objects.get().told_at == NOW + 200 * SECOND


def test_nothing_shows_it_anywhere(call: Call) -> None:
    tell(heard(SECRET), NOW + 130 * SECOND)
    record(said("user", "Good morning.", second(1)), said("user", SECRET, second(130)))
    found = [*CallWords.objects.values_list("text", "lines")]
    places = [found, vcon.document(call), last_said.of_calls([str(call.pk)])]
    assert "heron" not in json.dumps(places)


def test_a_call_that_was_never_paused_costs_no_query(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    tell(heard("Hello."))
    with django_assert_max_num_queries(5 + 2):
        tell(heard("Nobody told me that."), NOW + 30 * SECOND)
