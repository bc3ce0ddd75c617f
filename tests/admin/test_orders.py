"""The admin's account of who had taps started and stopped."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from monitor.models import CallOrder
from monitor.services import carrier_requests, orders
from monitor.services.taps import OpenedTap
from monitor.wire.call_control import ControlError
from tests.support.orders import claimed
from tests.support.rest import set_up_rest

ORDERS = "/admin/monitor/callorder/"


@pytest.fixture
def refused(opened: OpenedTap, alice: User, settings: Any) -> CallOrder:
    """Alice stopped a tap, and SignalWire refused to be told."""
    set_up_rest(settings)
    orders.ask_stop(alice, opened.tap.call_id)
    carrier_requests.record_failure(claimed().order_id, ControlError.KEY_REFUSED)
    return CallOrder.objects.get()


def test_the_list_says_who_asked_for_what_and_what_came_of_it(
    as_bob: Client, alice: User, refused: CallOrder
) -> None:
    html = as_bob.get(ORDERS).content.decode()
    assert f"alice (user {alice.pk})" in html
    assert "SignalWire refused the project ID or the API token" in html


def test_so_does_the_page_of_the_call(as_bob: Client, refused: CallOrder) -> None:
    html = as_bob.get(f"/admin/monitor/call/{refused.call_id}/change/").content.decode()
    assert "Asked for by people" in html or "asked for by people" in html
    assert "SignalWire refused the project ID or the API token" in html


@pytest.mark.parametrize(("text", "count"), [("ali", 1), ("call-1", 1), ("+1555123", 1), ("x", 0)])
def test_orders_are_found_by_user_and_by_call(
    as_bob: Client, refused: CallOrder, text: str, count: int
) -> None:
    found = as_bob.get(ORDERS, {"q": text}).context["cl"].result_list
    assert len(found) == count


def test_the_name_of_who_asked_cannot_change(
    as_root: Client, alice: User, refused: CallOrder
) -> None:
    html = as_root.get(f"/admin/auth/user/{alice.pk}/change/").content.decode()
    assert 'name="username"' not in html
