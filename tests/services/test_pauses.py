"""Who pauses a call, who may end that, and what everybody is told."""

from __future__ import annotations

import datetime
import time
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from monitor.bus.keys import audio_key
from monitor.models import Call, CallPause, LedgerEntry, LedgerKind, PauseEnd
from monitor.services import calls, ledger, pauses
from monitor.services.descriptions import current_calls, describe_taps
from monitor.services.taps import OpenedTap
from monitor.wire import frame
from tests.support.ledger import entries
from tests.support.orders import ended
from tests.support.rows import change
from tests.support.valkey import entries as entries_of

HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def call(opened: OpenedTap) -> Call:
    return opened.tap.call


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger that takes no entries."""

    def append(entries: object) -> None:
        raise ledger.NotWritten

    monkeypatch.setattr(ledger, "append", append)


def described() -> dict[str, Any]:
    """Return how the pause of the one call is described."""
    [call] = current_calls()
    found: dict[str, Any] = call["pause"]
    return found


def the_pause() -> CallPause:
    return CallPause.objects.get()


def test_everybody_is_told_who_paused_a_call_since_when_and_until_when(
    call: Call, alice: User, settings: Settings
) -> None:
    settings.PAUSE_MAX_SECONDS = 60
    pauses.pause(alice, call.pk)
    row = the_pause()
    assert described() == {
        "changes": 1,
        "since": row.began_at.isoformat(),
        "until": (row.began_at + datetime.timedelta(seconds=60)).isoformat(),
        "by": "alice",
    }


def test_a_listener_is_told_the_same(call: Call, alice: User, opened: OpenedTap) -> None:
    pauses.pause(alice, call.pk)
    assert describe_taps([opened.tap.pk])[opened.tap.pk]["pause"] == described()


def test_each_change_raises_the_version_of_the_call(call: Call, alice: User) -> None:
    versions = [current_calls()[0]["version"]]
    for order in (pauses.pause, pauses.pause, pauses.resume):
        order(alice, call.pk)
        versions.append(current_calls()[0]["version"])
    assert versions == sorted(set(versions))


def test_each_change_is_published(
    call: Call, alice: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    for order in (pauses.pause, pauses.resume):
        with django_capture_on_commit_callbacks() as published:
            order(alice, call.pk)
        assert published


def test_what_was_received_since_the_order_is_deleted_from_the_ring(
    call: Call,
    alice: User,
    opened: OpenedTap,
    store: redis.Redis,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    """The process that receives the call may take a moment to be told, or be gone."""
    with django_capture_on_commit_callbacks(execute=True):
        before = time.time_ns() // 1000
        pauses.pause(alice, call.pk)
        for position, received_at in ((0, before), (480, time.time_ns() // 1000)):
            data = frame.pack(frame.Leg.BOTH, frame.Flag.NONE, position, received_at, bytes(960))
            store.xadd(audio_key(opened.tap.pk), {"f": data}, id=f"{position}-1")
    assert [entry_id for entry_id, _ in entries_of(store, audio_key(opened.tap.pk))] == [b"0-1"]


def test_a_pause_that_is_asked_for_again_is_prolonged(
    call: Call, alice: User, settings: Settings
) -> None:
    pauses.pause(alice, call.pk)
    before = described()
    settings.PAUSE_MAX_SECONDS = 3600
    pauses.pause(alice, call.pk)
    after = described()
    assert after["since"] == before["since"]
    assert after["until"] > before["until"]


def test_who_resumed_is_kept(call: Call, alice: User) -> None:
    pauses.pause(alice, call.pk)
    pauses.resume(alice, call.pk)
    row = the_pause()
    assert (row.username, row.ended_by, row.end) == ("alice", "alice", PauseEnd.RESUMED)
    assert row.ended_at
    assert described() == {"changes": 2, "since": None, "until": None, "by": ""}


def test_a_call_that_is_not_paused_cannot_be_resumed(call: Call, alice: User) -> None:
    with pytest.raises(pauses.NotPaused):
        pauses.resume(alice, call.pk)


def test_a_call_that_is_over_cannot_be_paused(opened: OpenedTap, alice: User) -> None:
    ended(opened)
    change(opened, ended_at=timezone.now() - 5 * HOUR)
    with pytest.raises(calls.CallGone):
        pauses.pause(alice, opened.tap.call_id)


def test_an_agent_pauses_and_resumes_its_call(call: Call) -> None:
    assert pauses.pause_by_agent("call-1", "receptionist")
    assert (described()["by"], described()["changes"]) == ("", 1)
    assert pauses.resume_by_agent("call-1", "receptionist")
    assert described()["since"] is None
    kinds = [LedgerKind.PAUSED, LedgerKind.RESUMED]
    [paused], [resumed] = map(entries, kinds)
    assert (paused.call_id, paused.details) == ("call-1", '{"agent": "receptionist"}')
    assert (resumed.call_id, resumed.details) == (paused.call_id, paused.details)


def test_an_agent_of_a_call_that_is_not_known_pauses_nothing(db: None) -> None:
    assert not pauses.pause_by_agent("call-2", "receptionist")
    assert not pauses.resume_by_agent("call-2", "receptionist")
    assert not LedgerEntry.objects.exists()


def test_an_agent_cannot_end_the_pause_of_a_person(call: Call, alice: User) -> None:
    pauses.pause(alice, call.pk)
    assert not pauses.resume_by_agent("call-1", "receptionist")
    assert described()["by"] == "alice"


def test_a_person_takes_an_agents_pause_over(call: Call, alice: User) -> None:
    pauses.pause_by_agent("call-1", "receptionist")
    pauses.pause(alice, call.pk)
    assert not pauses.resume_by_agent("call-1", "receptionist")
    pauses.pause_by_agent("call-1", "receptionist")
    assert described()["by"] == "alice"


def test_a_forgotten_pause_ends_by_itself_and_that_is_in_the_ledger(
    call: Call, alice: User
) -> None:
    pauses.pause(alice, call.pk)
    due = the_pause().until
    assert pauses.end_forgotten(due - datetime.timedelta(seconds=1)) == 0
    assert described()["since"]
    assert pauses.end_forgotten(due) == 1
    assert described()["since"] is None
    assert (the_pause().end, the_pause().ended_by) == (PauseEnd.EXPIRED, "")
    [entry] = entries(LedgerKind.PAUSE_EXPIRED)
    assert (entry.call_id, entry.username) == ("call-1", "")


@pytest.mark.usefixtures("full")
class TestWithoutALedger:
    def test_an_agent_can_pause(self, call: Call) -> None:
        assert pauses.pause_by_agent("call-1", "receptionist")
        assert described()["since"]

    def test_an_agent_cannot_resume(self, call: Call) -> None:
        pauses.pause_by_agent("call-1", "receptionist")
        with pytest.raises(ledger.NotWritten):
            pauses.resume_by_agent("call-1", "receptionist")
        assert described()["since"]

    def test_a_forgotten_pause_goes_on(self, call: Call, alice: User) -> None:
        pauses.pause(alice, call.pk)
        with pytest.raises(ledger.NotWritten):
            pauses.end_forgotten(the_pause().until)
        assert described()["since"]


def test_media_is_told_which_taps_are_paused(call: Call, alice: User, opened: OpenedTap) -> None:
    assert pauses.began_at([opened.tap.pk]) == {}
    pauses.pause(alice, call.pk)
    assert pauses.began_at([opened.tap.pk]) == {opened.tap.pk: the_pause().began_at}


def test_a_call_goes_with_its_pauses(call: Call, alice: User) -> None:
    pauses.pause(alice, call.pk)
    call.refresh_from_db()
    call.delete()
    assert not CallPause.objects.exists()
