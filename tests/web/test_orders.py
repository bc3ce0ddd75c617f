"""Who may have a call tapped or its taps stopped from a page, and what the page is answered."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from monitor.models import CallOrder
from monitor.services import calls, orders
from monitor.services.taps import OpenedTap
from tests.support.cast import permit
from tests.support.orders import ended
from tests.support.rest import set_up_rest
from tests.support.rows import read


@pytest.fixture(autouse=True)
def rest(settings: Any) -> None:
    set_up_rest(settings)


def post(client: Client, opened: OpenedTap, what: str) -> tuple[int, str]:
    """Ask for a start or a stop; return the status and the reason of a refusal."""
    answer = client.post(f"/calls/{opened.tap.call_id}/{what}")
    return answer.status_code, answer.json().get("error", "")


def test_who_may_stop_stops(as_alice: Client, alice: User, opened: OpenedTap) -> None:
    permit(alice, "stop_tap")
    assert post(as_alice, opened, "stop") == (HTTPStatus.ACCEPTED, "")
    assert read(opened).state == "finished"


def test_who_may_start_starts(as_alice: Client, alice: User, opened: OpenedTap) -> None:
    permit(alice, "start_tap")
    ended(opened)
    assert post(as_alice, opened, "start") == (HTTPStatus.ACCEPTED, "")
    assert CallOrder.objects.get().username == "alice"


@pytest.mark.parametrize(("what", "other"), [("start", "stop_tap"), ("stop", "start_tap")])
def test_the_group_of_supervisors_may_neither(
    as_alice: Client, alice: User, opened: OpenedTap, what: str, other: str
) -> None:
    assert post(as_alice, opened, what) == (HTTPStatus.FORBIDDEN, "not_allowed")
    permit(alice, other)
    assert post(as_alice, opened, what) == (HTTPStatus.FORBIDDEN, "not_allowed")
    assert not CallOrder.objects.exists()


def test_who_may_not_see_calls_may_not_stop_them(
    as_charlie: Client, charlie: User, opened: OpenedTap
) -> None:
    permit(charlie, "stop_tap")
    assert post(as_charlie, opened, "stop") == (HTTPStatus.FORBIDDEN, "not_allowed")


def test_who_is_signed_out_is_told_so_and_not_sent_away(client: Client, opened: OpenedTap) -> None:
    assert post(client, opened, "stop") == (HTTPStatus.FORBIDDEN, "signed_out")


def test_another_site_can_ask_for_nothing(root: User, opened: OpenedTap) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(root)
    answer = client.post(f"/calls/{opened.tap.call_id}/stop")
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert read(opened).state == "requested"


def test_a_link_stops_nothing(as_root: Client, opened: OpenedTap) -> None:
    answer = as_root.get(f"/calls/{opened.tap.call_id}/stop")
    assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED


@pytest.mark.parametrize(
    ("refusal", "status", "why"),
    [
        (calls.NoSuchCall, 404, "no_such_call"),
        (orders.NotSetUp, 409, "not_set_up"),
        (orders.AlreadyAsked, 409, "already_asked"),
        (orders.AlreadyTapped, 409, "already_tapped"),
        (calls.CallGone, 409, "call_over"),
        (orders.NoPort, 409, "no_port"),
        (orders.TooMany, 429, "too_many"),
    ],
)
def test_each_refusal_has_a_status_and_a_word(
    as_root: Client,
    opened: OpenedTap,
    monkeypatch: pytest.MonkeyPatch,
    refusal: type[Exception],
    status: int,
    why: str,
) -> None:
    def refuse(user: Any, call_id: int) -> None:
        raise refusal

    monkeypatch.setattr(orders, "ask_start", refuse)
    assert post(as_root, opened, "start") == (status, why)


def test_a_stop_of_what_is_stopped_is_a_conflict(as_root: Client, opened: OpenedTap) -> None:
    post(as_root, opened, "stop")
    assert post(as_root, opened, "stop") == (HTTPStatus.CONFLICT, "not_tapped")
