"""How long a call goes on, as its words and its taps tell in any order."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from monitor.bus.process import this_process
from monitor.models import Call, CallMark, CallReport, CallWords, Tap
from monitor.services import call_life, taps
from monitor.services.descriptions import current_calls, describe
from tests.support import environment
from tests.support.rows import MINUTE, NOW, SECOND, connect
from tests.support.tellings import tell
from tests.support.words import AGENT, CALL, events, heard, summary

HOUR = 60 * MINUTE
END = events(session_end={"reason": "normal"})
START = events(session_start={"model": "simulated"})


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def described() -> dict[str, Any]:
    [call] = describe(Call.objects.all())
    return call


@pytest.mark.django_db
class TestWithoutTaps:
    def test_a_call_is_on_the_list_from_its_first_event_on(self) -> None:
        tell(START)
        [call] = current_calls(NOW)
        assert (call["state"], call["over"], call["legs"]) == ("untapped", False, [])
        assert call["requested_at"] == call["started_at"] == NOW.isoformat()
        assert (call["agent"], call["ended_at"], call["version"]) == (AGENT, None, 1)

    @pytest.mark.parametrize("end", [END, summary(call_end_date=NOW.timestamp() * 1e6)])
    def test_it_ends_with_its_session_or_its_record_and_leaves_after_30_seconds(
        self, end: Any
    ) -> None:
        tell(heard("Hello."), NOW - MINUTE)
        tell(end)
        call = described()
        assert (call["state"], call["over"], call["gone"]) == ("finished", True, False)
        assert call["ended_at"] == NOW.isoformat()
        assert len(current_calls(NOW + 30 * SECOND)) == 1
        assert current_calls(NOW + 31 * SECOND) == []

    def test_a_call_of_which_only_the_record_came_began_with_its_first_entry(self) -> None:
        at = (NOW - 5 * MINUTE).timestamp() * 1e6
        log = [{"role": "user", "content": "Hello.", "timestamp": at}]
        tell(summary(call_log=log, call_end_date=NOW.timestamp() * 1e6))
        call = described()
        assert (call["state"], call["over"]) == ("finished", True)
        assert call["started_at"] == (NOW - 5 * MINUTE).isoformat()

    def test_the_version_rises_when_the_words_begin_and_end_and_not_with_each_line(self) -> None:
        versions = []
        for n, body in enumerate([START, heard("Hello."), heard("Bye."), END, END]):
            tell(body, NOW + n * SECOND)
            versions.append(described()["version"])
        assert versions == [1, 1, 1, 2, 2]


@pytest.mark.django_db
class TestLateWords:
    def test_what_comes_late_does_not_open_a_call_again(self) -> None:
        tell(END)
        tell(heard("Bye."), NOW + MINUTE)
        assert described()["over"] is True

    def test_an_agent_that_talks_long_after_its_end_has_begun_anew(self) -> None:
        tell(END)
        tell(heard("Here I am again."), NOW + MINUTE + SECOND)
        assert (described()["over"], described()["state"]) == (False, "untapped")
        tell(events(session_end={"reason": "again"}), NOW + 5 * MINUTE)
        assert described()["ended_at"] == (NOW + 5 * MINUTE).isoformat()

    def test_the_record_of_an_earlier_part_does_not_end_a_later_one_earlier(self) -> None:
        tell(summary(call_end_date=NOW.timestamp() * 1e6))
        tell(heard("Here I am again."), NOW + 5 * MINUTE)
        tell(END, NOW + 6 * MINUTE)
        assert described()["ended_at"] == (NOW + 6 * MINUTE).isoformat()

    def test_a_call_that_the_carrier_does_not_know_is_over_unless_it_goes_on(self) -> None:
        tell(START)
        Call.objects.update(gone_at=NOW)
        assert (described()["over"], described()["gone"]) == (True, True)
        tell(heard("Bye."), NOW + MINUTE)
        assert described()["over"] is True
        tell(heard("Are you there?"), NOW + 2 * MINUTE)
        assert (described()["over"], described()["gone"]) == (False, False)


@pytest.mark.django_db
class TestWithTaps:
    def test_a_call_of_which_nothing_is_said_ends_with_its_tap(self) -> None:
        taps.end_taps(taps.open_tap(CALL).tap.call, "alice")
        assert (described()["over"], described()["state"]) == (True, "finished")

    def test_the_end_of_the_tap_does_not_end_a_call_that_goes_on(self) -> None:
        tell(START, NOW - MINUTE)
        opened = taps.open_tap(CALL)
        connect(opened, NOW)
        assert described()["state"] == "tapping"
        taps.end_taps(opened.tap.call, "alice")
        call = described()
        assert (call["state"], call["over"], call["ended_at"]) == ("untapped", False, None)
        assert call["started_at"] == (NOW - MINUTE).isoformat()
        tell(END, NOW + MINUTE)
        assert (described()["over"], described()["state"]) == (True, "finished")

    def test_the_end_of_the_words_does_not_end_a_call_that_is_tapped(self) -> None:
        opened = taps.open_tap(CALL)
        connect(opened, NOW)
        tell(END)
        assert (described()["over"], described()["state"]) == (False, "tapping")

    def test_a_call_ends_as_what_ended_last(self) -> None:
        opened = taps.open_tap(CALL)
        tell(END)
        Tap.objects.filter(pk=opened.tap.pk).update(state="failed", ended_at=NOW + SECOND)
        assert described()["state"] == "failed"
        Tap.objects.filter(pk=opened.tap.pk).update(ended_at=NOW - SECOND)
        assert described()["state"] == "finished"

    def test_its_end_ends_its_marks(self) -> None:
        tell(START)
        CallMark.objects.create(call=Call.objects.get(), kind="help", severity=1, began_at=NOW)
        tell(END)
        assert CallMark.objects.get().ended_at == NOW


@pytest.mark.django_db
class TestSweep:
    def test_a_call_of_which_nothing_is_told_for_an_hour_has_ended_with_its_last_word(self) -> None:
        tell(START)
        tell(heard("Hello."), NOW + 30 * SECOND)
        assert call_life.end_silent(NOW + HOUR) == 0
        assert call_life.end_silent(NOW + HOUR + 2 * MINUTE) == 1
        assert call_life.end_silent(NOW + HOUR + 2 * MINUTE) == 0
        call = described()
        assert (call["over"], call["version"]) == (True, 2)
        assert call["ended_at"] == (NOW + 30 * SECOND).isoformat()

    def test_what_was_said_in_it_is_found_and_has_a_report(self) -> None:
        tell(heard("Hello."))
        call_life.end_silent(NOW + HOUR)
        assert not CallReport.objects.exists()
        call_life.end_silent(NOW + HOUR + MINUTE)
        assert CallReport.objects.get().turns == 1
        assert [text for _, _, text in CallWords.objects.get().lines] == ["Hello."]

    def test_a_call_that_is_tapped_or_was_lately_is_left_alone(self) -> None:
        tell(START)
        opened = taps.open_tap(CALL)
        assert call_life.end_silent(NOW + 3 * HOUR) == 0
        Tap.objects.update(state="finished", ended_at=NOW + HOUR)
        assert call_life.end_silent(NOW + 2 * HOUR - SECOND) == 0
        assert call_life.end_silent(NOW + 2 * HOUR) == 1
        assert opened.tap.call_id == Call.objects.get().pk

    def test_words_that_come_after_all_have_it_go_on(self) -> None:
        tell(START)
        call_life.end_silent(NOW + 2 * HOUR)
        tell(heard("Hello."), NOW + 3 * HOUR)
        assert (described()["over"], described()["version"]) == (False, 3)

    def test_the_end_of_another_agents_part_does_not(self) -> None:
        tell(START)
        tell(START, agent="second desk")
        call_life.end_silent(NOW + 2 * HOUR)
        tell(END, NOW + 3 * HOUR, agent="second desk")
        assert described()["over"] is True

    @pytest.mark.skipif(not environment.POSTGRES, reason="SQLite locks no rows")
    @pytest.mark.django_db(transaction=True)
    def test_two_processes_that_sweep_at_once_end_each_call_once(self) -> None:
        for n in range(12):
            tell(events(f"call-{n}", session_start={}))
        ended: list[int] = []

        def sweep() -> None:
            ended.append(call_life.end_silent(NOW + 2 * HOUR))
            connection.close()

        threads = [threading.Thread(target=sweep) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(ended) == 12
        assert set(Call.objects.values_list("transitions", flat=True)) == {2}


@pytest.mark.django_db
class TestAnnouncements:
    @pytest.fixture
    def published(self, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        publisher = this_process().publisher
        monkeypatch.setattr(
            publisher, "publish", lambda *events: found.extend(one["call"] for one in events)
        )
        return found

    def test_beginning_and_end_are_told_and_not_each_line(
        self, published: list[dict[str, Any]], django_capture_on_commit_callbacks: Any
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            for n, body in enumerate([START, heard("Hello."), heard("Bye."), END, END]):
                tell(body, NOW + n * SECOND)
        assert len(published) == 2

    def test_who_calls_is_told_when_it_is_known(
        self, published: list[dict[str, Any]], django_capture_on_commit_callbacks: Any
    ) -> None:
        tell(START)
        with django_capture_on_commit_callbacks(execute=True):
            taps.open_tap(CALL, caller="+15551230000")
        assert {call["caller"] for call in published} == {"+15551230000"}

    def test_a_sweep_is_told(
        self, published: list[dict[str, Any]], django_capture_on_commit_callbacks: Any
    ) -> None:
        tell(START)
        with django_capture_on_commit_callbacks(execute=True):
            call_life.end_silent(NOW + 2 * HOUR)
        assert [call["over"] for call in published] == [True]
