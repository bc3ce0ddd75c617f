"""The admin's log permanently names who read the history and who changed an account."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from monitor.admin.log import description
from monitor.models import AdminAction
from monitor.services.taps import OpenedTap
from tests.support.cast import signed_in

LOG = "/admin/monitor/adminaction/"
NEW_PASSWORD = {
    "usable_password": "true",
    "password1": "dew on a lantern",
    "password2": "dew on a lantern",
}


@pytest.fixture
def page(opened: OpenedTap) -> str:
    """The tap's page in the history."""
    return f"/admin/monitor/tap/{opened.tap.pk}/"


class TestWhatIsKept:
    def test_who_opened_a_page(self, as_bob: Client, bob: User, page: str) -> None:
        as_bob.get(f"{page}change/")
        action = AdminAction.objects.get()
        assert (action.user, action.username, action.kind) == (bob, "bob", "looked at")
        assert f"/admin/monitor/tap/{action.object_id}/" == page

    def test_who_exported_what(self, as_bob: Client, bob: User, opened: OpenedTap) -> None:
        as_bob.get("/admin/monitor/tap/export.csv?state__exact=requested")
        action = AdminAction.objects.get()
        assert (action.user, action.kind) == (bob, "exported")
        assert action.object_repr == "state__exact=requested"

    def test_the_number_that_somebody_searched_for_is_not_kept(
        self, as_bob: Client, opened: OpenedTap
    ) -> None:
        as_bob.get("/admin/monitor/tap/export.csv?q=%2B15551230000&state__exact=requested")
        assert AdminAction.objects.get().object_repr == "state__exact=requested, and a search"

    def test_who_set_anothers_password(self, as_root: Client, alice: User) -> None:
        as_root.post(f"/admin/auth/user/{alice.pk}/password/", NEW_PASSWORD)
        action = AdminAction.objects.get()
        assert (action.username, action.kind, action.object_repr) == ("root", "changed", "alice")
        assert description(action) == "Changed password."

    def test_who_added_and_deleted_a_group(self, as_root: Client) -> None:
        as_root.post("/admin/auth/group/add/", {"name": "Night shift"})
        group = Group.objects.get(name="Night shift")
        as_root.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"})
        kinds = AdminAction.objects.order_by("pk").values_list("kind", "object_repr")
        assert list(kinds) == [("added", "Night shift"), ("deleted", "Night shift")]


class TestDeletedUsers:
    @pytest.fixture
    def eve(self, db: Any) -> User:
        """Another superuser."""
        return User.objects.create_superuser("eve", password="eve's password")

    def test_a_user_who_read_the_history_can_be_deleted(
        self, as_bob: Client, as_root: Client, bob: User, page: str
    ) -> None:
        as_bob.get(f"{page}change/")
        response = as_root.post(f"/admin/auth/user/{bob.pk}/delete/", {"post": "yes"})
        assert response.status_code == HTTPStatus.FOUND
        assert not User.objects.filter(username="bob").exists()

    def test_what_a_deleted_user_read_stays_in_the_log(
        self, as_bob: Client, as_root: Client, bob: User, page: str
    ) -> None:
        as_bob.get(f"{page}change/")
        bob.delete()
        html = as_root.get(LOG).content.decode()
        assert "bob" in html
        assert "Looked at" in html

    def test_what_a_deleted_user_changed_stays_in_the_log(
        self, as_root: Client, eve: User, alice: User
    ) -> None:
        signed_in(eve).post(f"/admin/auth/user/{alice.pk}/password/", NEW_PASSWORD)
        eve.delete()
        assert "eve" in as_root.get(LOG).content.decode()

    def test_a_taps_history_names_a_deleted_reader(
        self, as_bob: Client, as_root: Client, bob: User, page: str
    ) -> None:
        as_bob.get(f"{page}change/")
        bob.delete()
        html = " ".join(as_root.get(f"{page}history/").content.decode().split())
        assert "<td>bob (deleted user)</td> <td>Looked at</td>" in html


class TestWhoReadsTheLog:
    def test_the_log_itself_is_read_only(self, as_root: Client, page: str) -> None:
        as_root.get(f"{page}change/")
        path = f"{LOG}{AdminAction.objects.get().pk}/"
        assert as_root.get(f"{path}change/").status_code == HTTPStatus.OK
        assert as_root.post(f"{path}delete/").status_code == HTTPStatus.FORBIDDEN
        assert as_root.post(f"{path}change/").status_code == HTTPStatus.FORBIDDEN

    def test_the_log_is_not_for_everybody_who_reads_the_history(
        self, staff: Client, charlie: User
    ) -> None:
        charlie.user_permissions.add(Permission.objects.get(codename="view_tap"))
        assert staff.get(LOG).status_code == HTTPStatus.FORBIDDEN
