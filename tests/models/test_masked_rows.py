"""Rows whose callers are masked as soon as they are read."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from monitor.admin.lists import HistoryRows
from monitor.models import Call, ListenSession, Tap
from monitor.models.call import NumbersMasked
from monitor.services.taps import OpenedTap

MASKED = ("•••0000", "Ann Lee")


@pytest.fixture(autouse=True)
def _one(opened: OpenedTap, alice: User) -> None:
    ListenSession.objects.create(tap=opened.tap, user=alice, username="alice")


def caller(call: Call) -> tuple[str, str]:
    return call.caller, call.caller_name


def test_calls_are_masked_however_they_are_read() -> None:
    rows = Call.objects.masked()
    read = [rows.get(), rows.filter(agent="receptionist").first(), *rows.order_by("-pk")[:1]]
    read += [*rows.iterator(), *rows.prefetch_related("taps"), rows.get().taps.get().call]
    assert [caller(call) for call in read if call] == [MASKED] * 6


def test_the_call_of_a_row_is_masked_that_is_read_with_it() -> None:
    tap = HistoryRows(Tap).select_related("call").masked().get()
    listen = HistoryRows(ListenSession).select_related("tap__call").masked().get()
    assert caller(tap.call) == caller(listen.tap.call) == MASKED


def test_other_rows_are_as_they_were() -> None:
    assert not Call.objects.filter(agent="receptionist").is_masked
    assert caller(Call.objects.get()) == ("+15551230000", "Ann Lee")


def test_a_column_that_was_left_out_stays_so(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1):
        list(Call.objects.masked().only("call_id"))


def test_a_masked_call_is_not_saved() -> None:
    call = Call.objects.masked().get()
    with pytest.raises(NumbersMasked):
        call.save()
    with pytest.raises(NumbersMasked):
        call.save(update_fields=["caller"])
