"""What the history shows of numbers, and lets one find out, to whoever may not see them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from monitor.models import Call, CallOrder, ListenSession, OrderKind
from monitor.services import taps
from monitor.services.taps import OpenedTap
from tests.support.cast import permit

CALLS = "/admin/monitor/call/"
NOTE = "a caller&#x27;s number. Numbers are masked for your account, so they are not searched."


def hide_numbers(user: User) -> None:
    user.user_permissions.remove(Permission.objects.get(codename="see_full_numbers"))


@pytest.fixture
def masked(bob: User, as_bob: Client) -> Client:
    """Bob, to whom numbers are masked."""
    hide_numbers(bob)
    return as_bob


@pytest.fixture(autouse=True)
def _rows(opened: OpenedTap, alice: User) -> None:
    """A call in each list, and a newer one whose number and name come first in the alphabet."""
    ListenSession.objects.create(tap=opened.tap, user=alice, username="alice")
    CallOrder.objects.create(
        call=opened.tap.call, tap=opened.tap, kind=OrderKind.STOP, username="alice"
    )
    taps.open_tap("call-2", agent="receptionist", caller="+1000", caller_name="Aaron")


def listed(client: Client, path: str) -> list[Any]:
    rows: Any = client.get(path).context["cl"].result_list
    return [row.pk for row in rows]


@pytest.mark.parametrize("model", ["call", "tap", "listensession", "callorder"])
@pytest.mark.parametrize("typed", ["%2B15551230000", "15551230000", "(555) 123", "%2B1555", "0000"])
def test_no_row_is_found_by_its_number(masked: Client, model: str, typed: str) -> None:
    assert listed(masked, f"/admin/monitor/{model}/?q={typed}") == []


@pytest.mark.parametrize("model", ["call", "tap", "listensession", "callorder"])
def test_whoever_sees_a_number_finds_its_rows(as_bob: Client, model: str) -> None:
    assert len(listed(as_bob, f"/admin/monitor/{model}/?q=%2B1555")) == 1


def test_a_call_is_still_found_by_its_id(masked: Client) -> None:
    assert len(listed(masked, f"{CALLS}?q=call-2")) == 1


@pytest.mark.parametrize(
    ("path", "columns"), [(CALLS, ("caller", "caller_name")), ("/admin/monitor/tap/", ("caller",))]
)
def test_rows_are_not_ordered_by_number(
    bob: User, as_bob: Client, path: str, columns: tuple[str, ...]
) -> None:
    def orders() -> list[bool]:
        """Return, for each column, whether its order differs from the list's own."""
        changes = as_bob.get(path).context["cl"]
        at = [changes.list_display.index(column) for column in columns]
        own = listed(as_bob, path)
        return [
            own != listed(as_bob, f"{path}?o={sign}{index}") for index in at for sign in ("", "-")
        ]

    assert any(orders())
    hide_numbers(bob)
    assert not any(orders())


def test_the_heading_of_a_masked_column_offers_no_order(bob: User, as_bob: Client) -> None:
    def headings() -> str:
        html = as_bob.get(CALLS).content.decode()
        return html[html.index("<thead>") : html.index("</thead>")]

    assert ">Caller number</a>" in headings()
    hide_numbers(bob)
    assert "Caller number" in headings()
    assert ">Caller number</a>" not in headings()


def test_the_search_says_why_it_finds_no_number(as_bob: Client, masked: Client) -> None:
    assert NOTE in masked.get(CALLS).content.decode()
    assert NOTE not in masked.get("/admin/monitor/ledgerentry/").content.decode()


def test_the_search_says_nothing_of_masks_to_whoever_sees_numbers(as_bob: Client) -> None:
    assert NOTE not in as_bob.get(CALLS).content.decode()


def test_what_the_carrier_posted_is_not_shown(
    masked: Client, as_root: Client, opened: OpenedTap
) -> None:
    opened.tap.events.create(new="requested", reason="told", payload={"from": "+15551230000"})
    path = f"/admin/monitor/tap/{opened.tap.pk}/change/"
    shown = [client.get(path).content.decode() for client in (masked, as_root)]
    assert ["payload" in html for html in shown] == [False, True]
    assert "told" in shown[0]


def test_a_vcon_names_no_telephone_by_a_masked_number(
    bob: User, as_bob: Client, opened: OpenedTap
) -> None:
    permit(bob, "read_words")
    path = f"{CALLS}{opened.tap.call_id}/vcon/"
    caller = {"tel": "+15551230000", "name": "Ann Lee", "type": "person"}
    assert as_bob.get(path).json()["parties"][0] == caller
    hide_numbers(bob)
    assert as_bob.get(path).json()["parties"][0] == {"name": "Ann Lee", "type": "person"}


def test_the_mask_is_not_stored(opened: OpenedTap) -> None:
    before = Call.objects.values().get(call_id="call-1")
    list(Call.objects.masked())
    assert Call.objects.values().get(call_id="call-1") == before
