"""The talk of a call is kept in a row, which never goes back, and is told where it changed."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from monitor.audio.talk import Party, Talk
from monitor.bus.process import this_process
from monitor.models import Call, CallTalk
from monitor.services import talks
from monitor.services.taps import OpenedTap

AT = 1_790_000_000.04  # Unix time
TALK = Talk(Party(12.6, 4.2, AT - 3), Party(6.3, 9.0, AT - 1), 1.2, 2, AT)


@pytest.fixture
def told(
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    monkeypatch.setattr(this_process().publisher, "publish", lambda *told: events.extend(told))
    return events


@pytest.fixture
def write(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Any:
    def write(pk: int, **changed: Any) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            talks.write({pk: TALK._replace(**changed)})

    return write


def test_what_is_read_is_what_was_written(opened: OpenedTap, write: Any) -> None:
    pk = opened.tap.call_id
    write(pk)
    assert talks.read([pk]) == {pk: TALK}


def test_talk_of_a_later_moment_replaces_what_was_kept(opened: OpenedTap, write: Any) -> None:
    write(opened.tap.call_id)
    write(opened.tap.call_id, overlaps=3, until=AT + 10)
    assert CallTalk.objects.get().overlaps == 3


def test_talk_of_an_earlier_moment_does_not(opened: OpenedTap, write: Any) -> None:
    """A process that was frozen writes what it measured before another took over."""
    write(opened.tap.call_id)
    write(opened.tap.call_id, overlaps=1, until=AT - 10)
    assert CallTalk.objects.get().overlaps == 2


def test_it_is_told_in_one_message(
    opened: OpenedTap, write: Any, told: list[dict[str, Any]]
) -> None:
    write(opened.tap.call_id)
    [event] = told
    assert event == {
        "type": "talk",
        "calls": {
            str(opened.tap.call_id): {
                "speak": {"seconds": 12.6, "spoke_at": "2026-09-21T14:13:17.040000+00:00"},
                "listen": {"seconds": 6.3, "spoke_at": "2026-09-21T14:13:19.040000+00:00"},
                "overlap": 1.2,
                "overlaps": 2,
            }
        },
    }


def test_nothing_is_told_where_only_time_has_passed(
    opened: OpenedTap, write: Any, told: list[dict[str, Any]]
) -> None:
    write(opened.tap.call_id)
    write(opened.tap.call_id, until=AT + 10, speak=TALK.speak._replace(silence=13.0))
    assert len(told) == 1
    assert CallTalk.objects.get().speak_silence == 13


def test_a_call_that_was_deleted_gets_no_row(opened: OpenedTap, write: Any) -> None:
    pk = opened.tap.call_id
    opened.tap.delete()
    Call.objects.get(pk=pk).delete()
    write(pk)
    assert not CallTalk.objects.exists()


def test_any_number_of_calls_takes_three_queries(
    db: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    calls = Call.objects.bulk_create([Call(call_id=str(number)) for number in range(50)])
    with django_assert_num_queries(5):  # with those that begin and end the transaction
        talks.write({call.pk: TALK for call in calls})


@pytest.mark.parametrize(
    ("speak", "listen", "share"), [(12.6, 6.3, 2 / 3), (0, 5, 0), (0, 0, None)]
)
def test_a_share_is_one_of_what_was_said(speak: float, listen: float, share: float | None) -> None:
    assert CallTalk(speak=speak, listen=listen).speak_share == pytest.approx(share, abs=0.001)
