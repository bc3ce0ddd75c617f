"""The times of what is said are on our clock, as those of the audio are."""

from __future__ import annotations

import datetime

import pytest

from monitor.models import Call
from monitor.services import conversation
from tests.support.rows import NOW, SECOND
from tests.support.tellings import tell
from tests.support.words import events, heard, said, summary

pytestmark = pytest.mark.django_db


def say(text: str, at: float, arrives: float) -> None:
    """Tell of a sentence, with the carrier's time and ours in seconds after NOW."""
    told = said("user", text, NOW.timestamp() + at)
    tell(events(conversation_add=told), NOW + arrives * SECOND)


def times() -> list[float]:
    lines = conversation.of_call(Call.objects.get())
    return [round((line.at - NOW).total_seconds(), 2) for line in lines]


@pytest.mark.parametrize("ahead", [-4.0, -0.5, 0.001, 0.5, 4.0])
def test_the_carriers_clock_may_be_ahead_or_behind(ahead: float) -> None:
    say("One.", 1 + ahead, arrives=1)
    say("Two.", 2 + ahead, arrives=2.7)
    assert times() == [1, 2]


def test_the_fastest_post_decides() -> None:
    say("One.", 1, arrives=3)
    assert times() == [3]
    say("Two.", 5, arrives=5.2)
    assert times() == [1.2, 5.2]


def test_a_little_better_changes_nothing() -> None:
    """Every line would move for less than anybody can hear."""
    say("One.", 1, arrives=1.15)
    say("Two.", 5, arrives=5.1)
    assert times() == [1.15, 5.15]


def test_posts_that_come_much_too_late_say_nothing_of_the_clock() -> None:
    say("One.", 1, arrives=61)
    assert times() == [1]


def test_events_without_a_time_of_the_carriers_stay_where_they_are() -> None:
    say("One.", 1, arrives=1.5)
    tell(heard("Two."), NOW + 2 * SECOND)
    assert times() == [1.5, 2]


def test_the_record_is_moved_as_well() -> None:
    say("One.", 1, arrives=1.5)
    log = [said("user", "One.", NOW.timestamp() + 1), said("user", "Two.", NOW.timestamp() + 4)]
    tell(summary(call_log=log), NOW + 60 * SECOND)
    assert times() == [1.5, 4.5]
    assert Call.objects.get().clock_offset == datetime.timedelta(seconds=0.5)


def test_a_record_says_nothing_of_the_clock() -> None:
    """It comes when the call is over, however long ago its sentences were said."""
    tell(summary(call_log=[said("user", "One.", NOW.timestamp() + 59)]), NOW + 60 * SECOND)
    assert times() == [59]
