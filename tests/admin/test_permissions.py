"""Who may read the history, and that nobody may write it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from monitor.models import (
    Call,
    CallOrder,
    LedgerEntry,
    ListenSession,
    OrderKind,
    Tap,
    TapEvent,
)
from monitor.services.taps import OpenedTap
from tests.support.ledger import written
from tests.support.markup import links

MODELS = ("call", "tap", "listensession", "callorder", "ledgerentry")


@pytest.fixture
def pages(opened: OpenedTap, bob: User) -> dict[str, str]:
    """The page of one row of each model."""
    session = ListenSession.objects.create(tap=opened.tap, user=bob, username="bob")
    order = CallOrder.objects.create(call=opened.tap.call, tap=opened.tap, kind=OrderKind.STOP)
    written(1)
    keys = {
        "call": opened.tap.call_id,
        "tap": opened.tap.pk,
        "listensession": session.pk,
        "callorder": order.pk,
        "ledgerentry": LedgerEntry.objects.filter(number=2)[0].pk,
    }
    return {model: f"/admin/monitor/{model}/{key}/" for model, key in keys.items()}


def rows() -> list[Any]:
    """Return every row, so that a test sees that nothing changed."""
    models = (Call, Tap, TapEvent, ListenSession, CallOrder)
    kept = [list(model.objects.order_by("pk").values()) for model in models]
    # That somebody reads or is refused is added meanwhile.
    return [*kept, list(LedgerEntry.objects.filter(kind="listen_began").values())]


@pytest.mark.parametrize("model", MODELS)
class TestReading:
    def test_the_signed_out_are_sent_to_sign_in(
        self, client: Client, pages: dict[str, str], model: str
    ) -> None:
        for path in (f"/admin/monitor/{model}/", f"{pages[model]}change/"):
            assert client.get(path)["Location"] == f"/admin/login/?next={path}"

    def test_supervisors_and_others_are_not_let_in(
        self, as_alice: Client, as_charlie: Client, pages: dict[str, str], model: str
    ) -> None:
        for client in (as_alice, as_charlie):
            for path in (f"/admin/monitor/{model}/", f"{pages[model]}change/"):
                assert client.get(path)["Location"] == f"/admin/login/?next={path}"

    def test_staff_without_permission_see_nothing(
        self, staff: Client, pages: dict[str, str], model: str
    ) -> None:
        for path in (f"/admin/monitor/{model}/", f"{pages[model]}change/"):
            assert staff.get(path).status_code == HTTPStatus.FORBIDDEN

    def test_a_permission_to_change_is_none_to_see(
        self, staff: Client, charlie: User, pages: dict[str, str], model: str
    ) -> None:
        charlie.user_permissions.add(Permission.objects.get(codename=f"change_{model}"))
        assert staff.get(f"/admin/monitor/{model}/").status_code == HTTPStatus.FORBIDDEN

    def test_administrators_and_superusers_read(
        self, as_bob: Client, as_root: Client, pages: dict[str, str], model: str
    ) -> None:
        for client in (as_bob, as_root):
            for path in (f"/admin/monitor/{model}/", f"{pages[model]}change/"):
                assert client.get(path).status_code == HTTPStatus.OK


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("who", ["bob", "root"])
class TestWriting:
    """Not even a superuser may write the history."""

    @pytest.fixture
    def reader(self, as_bob: Client, as_root: Client, who: str) -> Client:
        return {"bob": as_bob, "root": as_root}[who]

    def test_nothing_is_added(self, reader: Client, pages: dict[str, str], model: str) -> None:
        path = f"/admin/monitor/{model}/add/"
        assert reader.get(path).status_code == HTTPStatus.FORBIDDEN
        assert reader.post(path, {"call_id": "x"}).status_code == HTTPStatus.FORBIDDEN

    def test_nothing_is_changed(self, reader: Client, pages: dict[str, str], model: str) -> None:
        before = rows()
        response = reader.post(f"{pages[model]}change/", {"agent": "x", "state": "lost"})
        assert response.status_code == HTTPStatus.FORBIDDEN
        assert rows() == before

    def test_nothing_is_deleted(self, reader: Client, pages: dict[str, str], model: str) -> None:
        before = rows()
        path = f"{pages[model]}delete/"
        assert reader.get(path).status_code == HTTPStatus.FORBIDDEN
        assert reader.post(path, {"post": "yes"}).status_code == HTTPStatus.FORBIDDEN
        assert rows() == before

    def test_nothing_is_deleted_from_the_list(
        self, reader: Client, pages: dict[str, str], model: str
    ) -> None:
        before = rows()
        key = pages[model].split("/")[4]
        form = {"action": "delete_selected", "_selected_action": key, "index": 0, "post": "yes"}
        reader.post(f"/admin/monitor/{model}/", form)
        assert rows() == before

    def test_no_button_offers_it(self, reader: Client, pages: dict[str, str], model: str) -> None:
        html = reader.get(f"{pages[model]}change/").content.decode()
        html += reader.get(f"/admin/monitor/{model}/").content.decode()
        assert 'name="_save"' not in html
        assert 'value="delete_selected"' not in html
        written = [link for link in links(html) if link.endswith(("/add/", "/delete/"))]
        assert not [link for link in written if "/monitor/" in link]


def test_events_have_no_page_of_their_own(as_root: Client) -> None:
    assert as_root.get("/admin/monitor/tapevent/").status_code == HTTPStatus.NOT_FOUND


class TestAccounts:
    """Django's own pages, where an administrator makes supervisors."""

    def test_a_user_is_made_a_supervisor(self, as_root: Client, charlie: User) -> None:
        from django.contrib.auth.models import Group

        group = Group.objects.get(name="Supervisors")
        form = {
            "username": "charlie",
            "is_active": "on",
            "groups": [group.pk],
            "date_joined_0": "2026-01-01",
            "date_joined_1": "00:00:00",
        }
        response = as_root.post(f"/admin/auth/user/{charlie.pk}/change/", form)
        assert response.status_code == HTTPStatus.FOUND
        assert User.objects.get(pk=charlie.pk).has_perm("monitor.listen_tap")

    def test_a_user_who_listened_can_be_deleted(
        self, as_root: Client, alice: User, opened: OpenedTap
    ) -> None:
        """The record of what a deleted user heard stays, under the user's name."""
        ListenSession.objects.create(tap=opened.tap, user=alice, username="alice")
        response = as_root.post(f"/admin/auth/user/{alice.pk}/delete/", {"post": "yes"})
        assert response.status_code == HTTPStatus.FOUND
        assert ListenSession.objects.get().username == "alice"

    def test_permissions_are_edited_by_group(self, as_root: Client) -> None:
        html = as_root.get("/admin/auth/group/add/").content.decode()
        assert "Can listen to calls" in html
