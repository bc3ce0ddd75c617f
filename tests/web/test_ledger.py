"""What people read, start, stop and export is in the ledger before it is done."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from monitor.models import AdminAction, CallOrder, CallReport, CallWords, LedgerKind, Tap
from monitor.services import word_search
from monitor.services.taps import OpenedTap
from tests.support.cast import permit, signed_in
from tests.support.ledger import entries
from tests.support.orders import ended
from tests.support.rest import set_up_rest
from tests.support.rows import read


def test_who_read_what_was_said(as_alice: Client, alice: User, opened: OpenedTap) -> None:
    as_alice.get(reverse("call-words", args=[opened.tap.call_id]), HTTP_USER_AGENT="Browser")
    [entry] = entries(LedgerKind.WORDS_READ)
    assert (entry.username, entry.user_id, entry.call_id) == ("alice", alice.pk, "call-1")
    assert (entry.address, entry.user_agent) == ("127.0.0.1", "Browser")


def test_who_asked_for_a_tap(as_alice: Client, alice: User, opened: OpenedTap, rest: None) -> None:
    permit(alice, "start_tap")
    ended(opened)
    as_alice.post(f"/calls/{opened.tap.call_id}/start")
    [entry] = entries(LedgerKind.TAP_ASKED)
    assert (entry.username, entry.call_id) == ("alice", "call-1")


def test_who_stopped_a_tap(as_alice: Client, alice: User, opened: OpenedTap, rest: None) -> None:
    permit(alice, "stop_tap")
    as_alice.post(f"/calls/{opened.tap.call_id}/stop")
    [entry] = entries(LedgerKind.TAP_STOP_ASKED)
    assert (entry.username, entry.call_id) == ("alice", "call-1")


@pytest.mark.parametrize("order", ["start", "stop"])
def test_an_order_about_a_call_of_another_team_is_none(
    order: str, cast: dict[str, User | None], sales_call: Tap, rest: None
) -> None:
    bob = cast["bob"]
    assert bob
    answer = signed_in(bob).post(f"/calls/{sales_call.call_id}/{order}")
    assert answer.status_code == HTTPStatus.NOT_FOUND
    assert not entries(LedgerKind.TAP_ASKED) + entries(LedgerKind.TAP_STOP_ASKED)
    [refused] = entries(LedgerKind.REFUSED)
    assert (refused.username, refused.call_id) == ("bob", "call-of-sales")
    assert json.loads(refused.details) == {
        "what": f"calls/<int:call_id>/{order}",
        "why": "team",
    }


def test_who_was_refused_a_page_is_told(cast: dict[str, User | None], sales_call: Tap) -> None:
    charlie = cast["charlie"]
    assert charlie
    answer = signed_in(charlie).get(reverse("call", args=[sales_call.call_id]))
    assert answer.status_code == HTTPStatus.FORBIDDEN
    [refused] = entries(LedgerKind.REFUSED)
    assert (refused.username, refused.call_id) == ("charlie", "call-of-sales")
    assert json.loads(refused.details) == {"what": "calls/<int:call_id>", "why": "permission"}


def test_who_asked_the_admin_for_a_call_of_another_team_is_told(
    cast: dict[str, User | None], sales_call: Tap
) -> None:
    bob = cast["bob"]
    assert bob
    signed_in(bob).get(f"/admin/monitor/call/{sales_call.call_id}/change/")
    [refused] = entries(LedgerKind.REFUSED)
    assert refused.username == "bob"
    assert json.loads(refused.details) == {"what": f"call {sales_call.call_id}", "why": "team"}


def test_who_exported_a_list(as_bob: Client, opened: OpenedTap) -> None:
    as_bob.get("/admin/monitor/tap/export.csv?state__exact=requested")
    [entry] = entries(LedgerKind.EXPORTED)
    assert (entry.username, entry.details) == (
        "bob",
        '{"list": "tap", "rows": "state__exact=requested"}',
    )


@pytest.mark.usefixtures("full_ledger")
class TestWithoutALedger:
    @pytest.fixture(autouse=True)
    def _allowed(self, alice: User) -> None:
        permit(alice, "start_tap", "stop_tap")

    def test_nobody_reads_what_was_said(self, as_alice: Client, opened: OpenedTap) -> None:
        answer = as_alice.get(reverse("call-words", args=[opened.tap.call_id]))
        assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert answer.json() == {"error": "This could not be recorded."}

    def test_no_call_is_tapped(self, as_alice: Client, opened: OpenedTap, rest: None) -> None:
        ended(opened)
        answer = as_alice.post(f"/calls/{opened.tap.call_id}/start")
        assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert answer.json() == {"error": "not_recorded"}
        assert not CallOrder.objects.exists()

    def test_a_stop_is_done_all_the_same(
        self, as_alice: Client, opened: OpenedTap, rest: None
    ) -> None:
        answer = as_alice.post(f"/calls/{opened.tap.call_id}/stop")
        assert (answer.status_code, read(opened).state) == (HTTPStatus.ACCEPTED, "finished")

    def test_nothing_is_exported(self, as_bob: Client, opened: OpenedTap) -> None:
        answer = as_bob.get("/admin/monitor/tap/export.csv")
        assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert "This could not be recorded" in answer.content.decode()
        assert not AdminAction.objects.exists()


class TestWords:
    """What shows anybody what was said, beside the call's conversation itself."""

    def test_a_search_is_told_for_each_call_that_it_shows(
        self, as_root: Client, opened: OpenedTap
    ) -> None:
        call = opened.tap.call
        CallWords.objects.create(call=call, lines=[], text=word_search.indexed(["the parcel"]))
        as_root.get("/admin/monitor/call/?said=parcel")
        [entry] = entries(LedgerKind.WORDS_READ)
        assert (entry.username, entry.call_id) == ("root", "call-1")
        assert json.loads(entry.details) == {"by": "search"}

    def test_a_report_is_told(self, as_alice: Client, opened: OpenedTap) -> None:
        CallReport.objects.create(call=opened.tap.call, turns=1, interruptions=0, errors=0)
        as_alice.get(f"/calls/{opened.tap.call_id}")
        [entry] = entries(LedgerKind.WORDS_READ)
        assert (entry.call_id, json.loads(entry.details)) == ("call-1", {"by": "report"})

    def test_a_vcon_is_told_with_its_call(
        self, cast: dict[str, User | None], sales_call: Tap
    ) -> None:
        dora = cast["dora"]
        assert dora
        signed_in(dora).get(f"/admin/monitor/call/{sales_call.call_id}/vcon/")
        [entry] = entries(LedgerKind.EXPORTED)
        assert (entry.username, entry.call_id) == ("dora", "call-of-sales")


@pytest.fixture
def rest(settings: Any) -> None:
    set_up_rest(settings)
