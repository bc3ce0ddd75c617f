"""Where administrators choose roles, and what a role lets its members find in the admin."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from monitor.services.taps import OpenedTap
from tests.support.cast import permit
from tests.support.markup import links

ADMIN = "/admin/"
AUDITORS_MAY = "read the listening ledger, export what the history and the ledger show"
LISTS = {
    "/admin/monitor/call/": "view_call",
    "/admin/monitor/tap/": "view_call",
    "/admin/monitor/callorder/": "view_callorder",
    "/admin/monitor/listensession/": "view_listensession",
    "/admin/monitor/ledgerentry/": "view_ledgerentry",
}


def html(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def test_a_users_page_tells_what_each_role_may(as_root: Client, charlie: User) -> None:
    page = html(as_root, f"/admin/auth/user/{charlie.pk}/change/")
    assert f"<strong>Auditors</strong> {AUDITORS_MAY}" in page


def test_the_list_of_groups_tells_what_each_role_may(as_root: Client) -> None:
    assert AUDITORS_MAY in html(as_root, "/admin/auth/group/")


def test_a_role_without_permissions_is_said_to_have_none(as_root: Client, charlie: User) -> None:
    Group.objects.create(name="<Empty>")
    page = html(as_root, f"/admin/auth/user/{charlie.pk}/change/")
    assert "<strong>&lt;Empty&gt;</strong> nothing" in page


@pytest.mark.parametrize("path", LISTS)
def test_a_list_needs_its_permission(staff: Client, charlie: User, path: str) -> None:
    assert staff.get(path).status_code == HTTPStatus.FORBIDDEN
    permit(charlie, LISTS[path])
    assert staff.get(path).status_code == HTTPStatus.OK
    offered = {link for link in links(html(staff, ADMIN)) if link in LISTS}
    assert offered == {one for one, needed in LISTS.items() if needed == LISTS[path]}


def test_the_live_list_is_no_history(staff: Client, charlie: User) -> None:
    permit(charlie, "view_tap")
    for path in LISTS:
        assert staff.get(path).status_code == HTTPStatus.FORBIDDEN


class TestTheLinkToTheAdmin:
    """Of the site's header."""

    def is_shown(self, client: Client) -> bool:
        return f'<a href="{ADMIN}">' in html(client, "/")

    def test_it_is_for_those_who_find_something_there(self, staff: Client, charlie: User) -> None:
        permit(charlie, "view_tap", "listen_tap")
        assert not self.is_shown(staff)
        charlie.groups.add(Group.objects.get(name="Auditors"))
        assert self.is_shown(staff)

    def test_it_is_not_for_those_who_may_not_open_it(
        self, as_charlie: Client, charlie: User
    ) -> None:
        charlie.groups.add(Group.objects.get(name="Auditors"))
        assert not self.is_shown(as_charlie)

    def test_it_is_for_superusers(self, as_root: Client) -> None:
        assert self.is_shown(as_root)


class TestExports:
    EXPORTS = (
        "/admin/monitor/tap/export.csv",
        "/admin/monitor/listensession/export.csv",
        "/admin/monitor/ledgerentry/export.csv",
        "/admin/monitor/call/words.csv",
        "/admin/monitor/call/words.jsonl",
    )

    def paths(self, opened: OpenedTap) -> tuple[str, ...]:
        return (*self.EXPORTS, f"/admin/monitor/call/{opened.tap.call_id}/vcon/")

    def test_each_needs_the_permission_to_export(
        self, staff: Client, charlie: User, opened: OpenedTap
    ) -> None:
        permit(charlie, "see_all_teams", "read_words", *LISTS.values())
        for path in self.paths(opened):
            assert staff.get(path).status_code == HTTPStatus.FORBIDDEN
        permit(charlie, "export_history")
        for path in self.paths(opened):
            assert staff.get(path).status_code == HTTPStatus.OK

    def test_the_permission_to_export_shows_nothing_by_itself(
        self, staff: Client, charlie: User, opened: OpenedTap
    ) -> None:
        permit(charlie, "see_all_teams", "read_words", "export_history")
        for path in self.paths(opened):
            assert staff.get(path).status_code == HTTPStatus.FORBIDDEN

    def test_no_page_offers_one_that_would_be_refused(
        self, staff: Client, charlie: User, opened: OpenedTap
    ) -> None:
        permit(charlie, "see_all_teams", "read_words", *LISTS.values())
        pages = (*LISTS, f"/admin/monitor/call/{opened.tap.call_id}/change/")

        def offered() -> set[str]:
            found = {link.partition("?")[0] for page in pages for link in links(html(staff, page))}
            return found & set(self.paths(opened))

        assert offered() == set()
        permit(charlie, "export_history")
        # Nobody has listened yet, and an empty list has nothing to export.
        assert offered() == set(self.paths(opened)) - {"/admin/monitor/listensession/export.csv"}


def test_the_page_of_a_call_is_offered_to_those_who_may_open_it(
    staff: Client, charlie: User, opened: OpenedTap
) -> None:
    permit(charlie, "see_all_teams", "view_call")
    call, tap = opened.tap.call_id, opened.tap.pk
    pages = (f"/admin/monitor/call/{call}/change/", f"/admin/monitor/tap/{tap}/change/")
    for page in pages:
        assert f"/calls/{call}" not in links(html(staff, page))
    permit(charlie, "view_tap")
    for page in pages:
        assert f"/calls/{call}" in links(html(staff, page))
