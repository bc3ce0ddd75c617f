"""What was said last in each call of the live list."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitor.models import Call
from monitor.services import last_said
from tests.support.rows import NOW, SECOND
from tests.support.tellings import tell
from tests.support.words import events, heard, said, summary

pytestmark = pytest.mark.django_db


def last() -> list[Any]:
    """Return who said what last in each call, in the order of the calls."""
    ids = [str(pk) for pk in Call.objects.order_by("pk").values_list("pk", flat=True)]
    told = last_said.of_calls(ids)
    return [(told[pk]["side"], told[pk]["text"]) if pk in told else None for pk in ids]


def test_it_is_the_last_line_of_the_caller_or_the_agent() -> None:
    tell(events(conversation_add=said("assistant", "How may I help?", NOW.timestamp() + 2)))
    tell(heard("Hello."), NOW + SECOND)
    tell(events(hold={"event": "hold"}), NOW + 3 * SECOND)
    tell(events(conversation_add=said("system", "You are", NOW.timestamp() + 4)))
    tell(events("call-2", session_start={}))
    tell(heard("Good morning.", "call-3"))
    assert last() == [("agent", "How may I help?"), None, ("caller", "Good morning.")]


def test_it_is_unfinished_while_nothing_follows() -> None:
    tell(events(speech_detect={"text": "I need", "source": "partial"}))
    [told] = last_said.of_calls([str(Call.objects.get().pk)]).values()
    assert (told["text"], told["partial"]) == ("I need", True)


def test_it_may_be_from_the_record() -> None:
    tell(summary(call_log=[said("user", "Bye.", NOW.timestamp())]))
    assert last() == [("caller", "Bye.")]


def test_its_time_is_on_our_clock() -> None:
    tell(events(conversation_add=said("user", "Hello.", NOW.timestamp() - 2)))
    [told] = last_said.of_calls([str(Call.objects.get().pk)]).values()
    assert told["at"] == "2030-01-01T12:00:00.000+00:00"


def test_any_number_of_calls_takes_one_query() -> None:
    for n in range(5):
        tell(heard("Hello.", f"call-{n}"))
    ids = [str(pk) for pk in Call.objects.values_list("pk", flat=True)]
    with CaptureQueriesContext(connection) as captured:
        assert len(last_said.of_calls(ids)) == 5
    assert len(captured) == 1
