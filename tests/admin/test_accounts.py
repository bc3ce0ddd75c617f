"""Accounts: what administrators may do with them, and how users change their passwords."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from axes.models import AccessLog
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from monitor.admin.log import Logged
from monitor.models import Agent, ListenSession, Team
from monitor.services.taps import OpenedTap
from tests.support.cast import signed_in

USERS = "/admin/auth/user/"
GROUPS = "/admin/auth/group/"
ASSIGNED = "dew on a lantern"
CHOSEN = "rain behind the mill"


def path(user: User, page: str = "change") -> str:
    return f"{USERS}{user.pk}/{page}/"


def form(user: User, **changed: Any) -> dict[str, Any]:
    """Return the fields that a user's page in the admin posts."""
    dates = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    return {"username": user.username, "is_active": "on", **dates, **changed}


def assign(client: Client, user: User) -> Any:
    """Set another user's password in the admin."""
    passwords = {"usable_password": "true", "password1": ASSIGNED, "password2": ASSIGNED}
    return client.post(path(user, "password"), passwords)


def choose(client: Client, old: str, new: str = CHOSEN) -> Any:
    """Change one's own password."""
    passwords = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post("/password", passwords)


def sign_in(username: str, password: str) -> Client:
    client = Client()
    client.post("/login", {"username": username, "password": password})
    return client


def listened(user: User, opened: OpenedTap) -> ListenSession:
    return ListenSession.objects.create(tap=opened.tap, user=user, username=user.username)


@pytest.fixture
def keeper(staff: Client, charlie: User) -> Client:
    """Charlie as an administrator of accounts and groups, who is no superuser."""
    charlie.user_permissions.set(Permission.objects.filter(content_type__app_label="auth"))
    return staff


@pytest.fixture
def newcomer(db: Any) -> User:
    """An account without any right."""
    return User.objects.create_user("newcomer", password="newcomer's password")


class TestRightsAreSuperusersToGive:
    @pytest.mark.parametrize(
        "right",
        [
            {"is_superuser": "on"},
            {"is_staff": "on"},
            {"groups": "all"},
            {"user_permissions": "all"},
        ],
        ids=lambda right: next(iter(right)),
    )
    @pytest.mark.parametrize("who", ["charlie", "newcomer"])
    def test_administrators_give_none(
        self, keeper: Client, newcomer: User, who: str, right: dict[str, str]
    ) -> None:
        every = {
            "groups": list(Group.objects.values_list("pk", flat=True)),
            "user_permissions": list(Permission.objects.values_list("pk", flat=True)),
        }
        account = User.objects.get(username=who)
        before = (account.is_staff, account.is_superuser, account.get_all_permissions())
        values = {name: every.get(name, value) for name, value in right.items()}
        keeper.post(path(account), form(account, first_name="Ann", **values))
        account = User.objects.get(username=who)
        assert account.first_name == "Ann"
        assert (account.is_staff, account.is_superuser, account.get_all_permissions()) == before

    def test_administrators_add_accounts_without_rights(self, keeper: Client) -> None:
        passwords = {"usable_password": "true", "password1": ASSIGNED, "password2": ASSIGNED}
        keeper.post(f"{USERS}add/", {"username": "dora", "is_superuser": "on", **passwords})
        assert not User.objects.get(username="dora").is_superuser

    def test_administrators_change_no_group(self, keeper: Client) -> None:
        group = Group.objects.get(name="Supervisors")
        pages = (f"{GROUPS}{group.pk}/change/", f"{GROUPS}{group.pk}/delete/", f"{GROUPS}add/")
        for page in pages:
            response = keeper.post(page, {"name": "Mine", "post": "yes"})
            assert response.status_code == HTTPStatus.FORBIDDEN

    @pytest.mark.parametrize("who", ["root", "alice"])
    @pytest.mark.parametrize("active", [True, False])
    def test_administrators_touch_no_account_that_may_do_more(
        self, keeper: Client, root: User, alice: User, who: str, active: bool
    ) -> None:
        """Whoever sets an account's password can sign in to it, after activating it if need be."""
        User.objects.filter(username=who).update(is_active=active)
        account = User.objects.get(username=who)
        assert assign(keeper, account).status_code == HTTPStatus.FORBIDDEN
        for page in ("change", "delete"):
            response = keeper.post(path(account, page), form(account, post="yes"))
            assert response.status_code == HTTPStatus.FORBIDDEN

    def test_administrators_touch_no_account_of_a_team_whose_calls_they_do_not_see(
        self, keeper: Client, charlie: User, newcomer: User
    ) -> None:
        team = Team.objects.create(name="Sales")
        Agent.objects.create(name="sales", team=team)
        team.members.add(newcomer)
        assert assign(keeper, newcomer).status_code == HTTPStatus.FORBIDDEN
        team.members.add(charlie)
        assert assign(keeper, newcomer).status_code == HTTPStatus.FOUND

    def test_administrators_delete_no_such_account_from_the_list(
        self, keeper: Client, root: User
    ) -> None:
        chosen = {"action": "delete_selected", "_selected_action": root.pk, "post": "yes"}
        keeper.post(USERS, chosen)
        assert User.objects.filter(username="root").exists()

    def test_administrators_set_the_passwords_of_other_accounts(
        self, keeper: Client, newcomer: User
    ) -> None:
        assert assign(keeper, newcomer).status_code == HTTPStatus.FOUND
        assert User.objects.get(pk=newcomer.pk).check_password(ASSIGNED)


class TestNamesInTheHistory:
    def test_the_name_of_an_account_that_listened_is_fixed(
        self, as_root: Client, alice: User, opened: OpenedTap
    ) -> None:
        listened(alice, opened)
        as_root.post(path(alice), form(alice, username="mallory"))
        assert User.objects.get(pk=alice.pk).username == "alice"

    def test_the_name_of_an_account_that_read_the_history_is_fixed(
        self, as_root: Client, as_bob: Client, bob: User, opened: OpenedTap
    ) -> None:
        as_bob.get(f"/admin/monitor/tap/{opened.tap.pk}/change/")
        as_root.post(path(bob), form(bob, username="mallory"))
        assert User.objects.get(pk=bob.pk).username == "bob"

    def test_another_account_can_be_renamed(self, as_root: Client, newcomer: User) -> None:
        as_root.post(path(newcomer), form(newcomer, username="emma"))
        assert User.objects.get(pk=newcomer.pk).username == "emma"

    @pytest.mark.parametrize(
        "page",
        [
            "/admin/monitor/listensession/",
            "/admin/monitor/listensession/{session.pk}/change/",
            "/admin/monitor/tap/{session.tap_id}/change/",
            "/calls/{session.tap.call_id}",
        ],
    )
    def test_the_users_id_stands_beside_the_name(
        self, as_root: Client, alice: User, opened: OpenedTap, page: str
    ) -> None:
        session = listened(alice, opened)
        html = as_root.get(page.format(session=session)).content.decode()
        assert f"alice (user {alice.pk})" in html

    def test_an_account_that_takes_a_deleted_ones_name_is_told_from_it(
        self, as_root: Client, alice: User, opened: OpenedTap
    ) -> None:
        listened(alice, opened)
        alice.delete()
        User.objects.create_user("alice", password="x")
        html = as_root.get("/admin/monitor/listensession/").content.decode()
        assert "alice (deleted user)" in html


class TestSignInRecords:
    @pytest.fixture
    def record(self, as_root: Client) -> AccessLog:
        """Of somebody's sign-in."""
        return AccessLog.objects.create(username="alice", ip_address="192.0.2.7")

    def test_nobody_deletes_them(self, as_root: Client, record: AccessLog) -> None:
        response = as_root.post(f"/admin/axes/accesslog/{record.pk}/delete/", {"post": "yes"})
        assert response.status_code == HTTPStatus.FORBIDDEN
        chosen = {"action": "delete_selected", "_selected_action": record.pk, "post": "yes"}
        as_root.post("/admin/axes/accesslog/", chosen)
        assert AccessLog.objects.filter(pk=record.pk).exists()

    @pytest.mark.parametrize(
        ("typed", "is_found"),
        [
            ("al", True),
            ("Alice", True),
            ("192.0.2.7", True),
            ("lice", False),
            ("192.0.2.8", False),
            ("nobody", False),
        ],
    )
    def test_they_are_found_by_the_beginning_of_a_name_or_by_an_address(
        self, as_root: Client, record: AccessLog, typed: str, is_found: bool
    ) -> None:
        response: Any = as_root.get(f"/admin/axes/accesslog/?q={typed}")
        assert (record in response.context["cl"].result_list) is is_found

    @pytest.mark.parametrize("model", ["accesslog", "accessattempt", "accessfailurelog"])
    def test_superusers_read_them(self, as_root: Client, model: str) -> None:
        response = as_root.get(f"/admin/axes/{model}/")
        assert response.status_code == HTTPStatus.OK
        assert 'name="action"' not in response.content.decode()


def test_every_page_of_the_admin_keeps_the_log_that_outlives_users() -> None:
    assert [one for one in admin.site._registry.values() if not isinstance(one, Logged)] == []


class TestOwnPassword:
    def test_every_page_links_to_it(self, as_alice: Client) -> None:
        assert '<a href="/password">' in as_alice.get("/").content.decode()

    def test_a_user_chooses_another_password(self, as_alice: Client, alice: User) -> None:
        response = choose(as_alice, "alice's password")
        assert response["Location"] == "/password/changed"
        assert as_alice.get("/password/changed").status_code == HTTPStatus.OK
        assert User.objects.get(pk=alice.pk).check_password(CHOSEN)

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            ("wrong", CHOSEN, "Your old password was entered incorrectly"),
            ("alice's password", "12345", "This password is too short"),
            ("alice's password", "alice's password", "This is your present password"),
        ],
    )
    def test_a_bad_answer_is_explained(
        self, as_alice: Client, alice: User, old: str, new: str, words: str
    ) -> None:
        assert words in choose(as_alice, old, new).content.decode()
        assert User.objects.get(pk=alice.pk).check_password("alice's password")

    def test_the_signed_out_are_sent_to_sign_in(self, client: Client) -> None:
        assert client.get("/password")["Location"] == "/login?next=/password"

    def test_the_admin_leads_to_that_page(self, as_root: Client, root: User) -> None:
        """The admin's page would set one's own password without asking for the old one."""
        assert as_root.get("/admin/password_change/")["Location"] == "/password"
        assert assign(as_root, root)["Location"] == "/password"


class TestAssignedPasswords:
    """Passwords that an administrator assigned, and therefore knows."""

    @pytest.fixture
    def assigned(self, as_root: Client, alice: User) -> Client:
        """Alice's browser, after she signed in with the password that root set."""
        assign(as_root, alice)
        return sign_in("alice", ASSIGNED)

    @pytest.mark.parametrize("page", ["/", "/calls/{opened.tap.call_id}", "/admin/"])
    def test_they_open_nothing_but_the_page_to_change_them(
        self, assigned: Client, opened: OpenedTap, page: str
    ) -> None:
        assert assigned.get(page.format(opened=opened))["Location"] == "/password"
        assert "Somebody else set your password" in assigned.get("/password").content.decode()

    def test_a_new_accounts_password_is_one(self, as_root: Client) -> None:
        passwords = {"usable_password": "true", "password1": ASSIGNED, "password2": ASSIGNED}
        as_root.post(f"{USERS}add/", {"username": "dora", **passwords})
        assert sign_in("dora", ASSIGNED).get("/")["Location"] == "/password"

    def test_a_new_password_opens_the_pages_again(self, assigned: Client) -> None:
        choose(assigned, ASSIGNED)
        assert assigned.get("/").status_code == HTTPStatus.OK
        assert sign_in("alice", CHOSEN).get("/").status_code == HTTPStatus.OK

    def test_the_assigned_one_again_does_not(self, assigned: Client) -> None:
        choose(assigned, ASSIGNED, ASSIGNED)
        assert assigned.get("/")["Location"] == "/password"

    def test_signing_out_and_in_does_not_help(self, assigned: Client) -> None:
        assert assigned.post("/logout")["Location"] == "/login"
        assert sign_in("alice", ASSIGNED).get("/")["Location"] == "/password"

    def test_other_users_are_left_alone(self, assigned: Client, bob: User) -> None:
        assert signed_in(bob).get("/").status_code == HTTPStatus.OK
