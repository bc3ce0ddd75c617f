"""How many marks of calls have begun, as /metrics counts them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from monitor.audio.condition import Kind
from monitor.bus.process import this_process
from monitor.models import TapState
from monitor.services import marks, transitions
from monitor.services.marks import Mark
from monitor.services.taps import OpenedTap
from monitor.services.transitions import Transition
from tests.support.rows import NOW, SECOND, change, read

Counted = Callable[[Callable[[], object]], dict[str, int]]


@pytest.fixture
def counted(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Counted:
    """Does something, and returns which marks were counted meanwhile."""
    metrics = this_process().metrics
    metrics.marks_begun.take()  # what other tests have left

    def count(do: Callable[[], object]) -> dict[str, int]:
        with django_capture_on_commit_callbacks(execute=True):
            do()
        return metrics.marks_begun.take()

    return count


def silent(opened: OpenedTap) -> Mark:
    return Mark(opened.tap.call_id, Kind.DEAD_AIR, "", NOW)


def test_each_mark_counts_once(opened: OpenedTap, counted: Counted) -> None:
    clipping = [silent(opened)._replace(kind=Kind.CLIPPING, leg=leg) for leg in ("speak", "listen")]
    begun = [*clipping, silent(opened)]
    assert counted(lambda: marks.write(begun, [], NOW)) == {"clipping": 2, "dead_air": 1}
    assert counted(lambda: marks.write(begun, [], NOW + SECOND)) == {}
    assert counted(lambda: marks.write([], clipping, NOW + 9 * SECOND)) == {}
    assert counted(lambda: marks.write(clipping[:1], [], NOW + 10 * SECOND)) == {"clipping": 1}


def test_one_that_is_told_twice_at_once_counts_once(opened: OpenedTap, counted: Counted) -> None:
    assert counted(lambda: marks.write([silent(opened)] * 2, [], NOW)) == {"dead_air": 1}


def test_a_call_that_is_over_adds_nothing(opened: OpenedTap, counted: Counted) -> None:
    change(opened, state="tapping")
    transitions.move(read(opened), Transition(TapState.FINISHED, "finished", ended_at=NOW))
    assert counted(lambda: marks.write([silent(opened)], [], NOW)) == {}


def test_a_call_that_asks_for_help_again_counts_once(opened: OpenedTap, counted: Counted) -> None:
    assert counted(lambda: marks.ask_for_help("call-1", "")) == {"help": 1}
    assert counted(lambda: marks.ask_for_help("call-1", "the caller shouts")) == {}


def test_one_that_is_not_kept_does_not_count(opened: OpenedTap, counted: Counted) -> None:
    @transaction.atomic
    def begin_in_vain() -> None:
        marks.write([silent(opened)], [], NOW)
        transaction.set_rollback(True)

    assert counted(begin_in_vain) == {}
