"""Who is offered to start and stop taps, and what a call's timeline says of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from monitor.services import carrier_requests, orders
from monitor.services.taps import OpenedTap
from monitor.wire.call_control import ControlError
from tests.support.cast import permit
from tests.support.orders import claimed, ended
from tests.support.rest import TOKEN, set_up_rest

START, STOP = 'data-order="start"', 'data-order="stop"'


@pytest.fixture(autouse=True)
def rest(settings: Any) -> None:
    set_up_rest(settings)


@pytest.fixture
def paths(opened: OpenedTap) -> list[str]:
    """The list, and the page of a call."""
    return ["/", f"/calls/{opened.tap.call_id}"]


def offered(client: Client, path: str) -> set[str]:
    html = client.get(path).content.decode()
    return {button for button in (START, STOP) if button in html}


def test_a_supervisor_is_offered_neither(as_alice: Client, paths: list[str]) -> None:
    assert [offered(as_alice, path) for path in paths] == [set(), set()]


def test_each_permission_brings_its_button(as_alice: Client, alice: User, paths: list[str]) -> None:
    permit(alice, "start_tap")
    assert [offered(as_alice, path) for path in paths] == [{START}, {START}]
    permit(alice, "stop_tap")
    assert [offered(as_alice, path) for path in paths] == [{START, STOP}, {START, STOP}]


def test_no_start_is_offered_where_the_rest_api_is_not_set_up(
    as_root: Client, paths: list[str], settings: Any
) -> None:
    settings.SIGNALWIRE_SPACE = ""
    assert [offered(as_root, path) for path in paths] == [{STOP}, {STOP}]


def test_no_page_has_the_api_token(as_root: Client, paths: list[str]) -> None:
    assert not [path for path in paths if TOKEN in as_root.get(path).content.decode()]


def test_the_timeline_names_who_asked_and_says_what_came_of_it(
    as_alice: Client, alice: User, opened: OpenedTap
) -> None:
    ended(opened)
    orders.ask_start(alice, opened.tap.call_id)
    carrier_requests.record_failure(claimed().order_id, ControlError.BUSY)
    orders.ask_start(alice, opened.tap.call_id)
    orders.ask_stop(alice, opened.tap.call_id)
    html = as_alice.get(f"/calls/{opened.tap.call_id}").content.decode()
    assert html.count("asked for by alice") == 2
    assert "SignalWire had too many requests" in html
    assert "stopped by alice" in html
