"""Signing in with a second factor, setting one up, and who must."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import NoReverseMatch, reverse
from pytest_django import Settings

from monitor.models import AdminAction
from tests.support.cast import signed_in
from tests.support.second_factors import (
    SECRET,
    add_app,
    code,
    is_signed_in,
    recovery_codes,
    type_code,
    type_password,
    wrong_code,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def guarded(alice: User) -> User:
    """Alice with an authenticator app."""
    add_app(alice)
    return alice


def confirmed(user: str = "alice") -> Client:
    """Return the browser of somebody who has just signed in with a password."""
    client = Client()
    type_password(client, user)
    return client


class TestSigningIn:
    def test_the_password_alone_signs_nobody_in(self, client: Client, guarded: User) -> None:
        assert type_password(client)["Location"] == "/login/second-factor"
        assert not is_signed_in(client)
        assert client.get("/")["Location"] == "/login?next=/"

    def test_the_code_does_and_leads_to_the_page_one_came_for(
        self, client: Client, guarded: User
    ) -> None:
        type_password(client, next="/admin/")
        assert type_code(client, code())["Location"] == "/admin/"
        assert is_signed_in(client)

    def test_who_has_none_is_not_asked(self, client: Client, alice: User) -> None:
        assert type_password(client)["Location"] == "/"
        assert is_signed_in(client)

    def test_a_code_without_the_password_is_worth_nothing(
        self, client: Client, guarded: User
    ) -> None:
        assert type_code(client, code())["Location"] == "/login"
        assert not is_signed_in(client)

    def test_a_wrong_code_is_told(self, client: Client, guarded: User) -> None:
        type_password(client)
        answer = type_code(client, wrong_code())
        assert "This code or key is not the right one" in answer.content.decode()
        assert not is_signed_in(client)

    def test_a_code_holds_once(self, client: Client, guarded: User) -> None:
        typed = code()
        for browser, signs_in in ((client, True), (Client(), False)):
            type_password(browser)
            type_code(browser, typed)
            assert is_signed_in(browser) == signs_in

    def test_a_recovery_code_holds_once(self, client: Client, guarded: User) -> None:
        typed = recovery_codes(guarded)[0]
        for browser, signs_in in ((client, True), (Client(), False)):
            type_password(browser)
            type_code(browser, typed)
            assert is_signed_in(browser) == signs_in

    def test_the_admin_has_no_door_of_its_own(self, client: Client, root: User) -> None:
        add_app(root)
        form = {"username": "root", "password": "root's password"}
        assert client.post("/admin/login/", form)["Location"] == "/login?next=/admin/"
        assert not is_signed_in(client)

    def test_a_user_who_is_deactivated_between_the_steps_stays_outside(
        self, client: Client, guarded: User
    ) -> None:
        type_password(client)
        User.objects.update(is_active=False)
        type_code(client, code())
        assert client.get("/")["Location"] == "/login?next=/"

    @pytest.mark.parametrize("name", ["account_signup", "account_email", "account_reset_password"])
    def test_nobody_signs_up_here(self, name: str) -> None:
        with pytest.raises(NoReverseMatch):
            reverse(name)


class TestWrongCodes:
    def test_the_eighth_is_answered_with_how_long_to_wait(
        self, client: Client, guarded: User
    ) -> None:
        type_password(client)
        answers = [type_code(client, wrong_code()).status_code for _ in range(8)]
        assert answers == [HTTPStatus.OK] * 7 + [HTTPStatus.TOO_MANY_REQUESTS]

    def test_the_right_code_does_not_help_then(self, client: Client, guarded: User) -> None:
        type_password(client)
        for _ in range(8):
            type_code(client, wrong_code())
        assert type_code(client, code()).status_code == HTTPStatus.TOO_MANY_REQUESTS
        assert not is_signed_in(client)

    def test_the_password_in_between_forgets_none(self, client: Client, guarded: User) -> None:
        for _ in range(7):
            type_password(client)
            type_code(client, wrong_code())
        type_password(client)
        answer = type_code(client, wrong_code())
        assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS

    def test_a_forged_address_evades_nothing(self, client: Client, guarded: User) -> None:
        type_password(client)
        for number in range(8):
            typed = {"REMOTE_ADDR": "192.0.2.7", "HTTP_X_FORWARDED_FOR": f"203.0.113.{number}"}
            answer = type_code(client, wrong_code(), **typed)
        assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS

    def test_a_stranger_who_knows_the_password_does_not_lock_out_a_known_browser(
        self, client: Client, guarded: User
    ) -> None:
        own, stranger = client, Client()
        type_password(own)
        type_code(own, recovery_codes(guarded)[0])
        own.post("/logout")
        type_password(stranger)
        for _ in range(9):
            type_code(stranger, wrong_code())
        type_password(own)
        type_code(own, code())
        assert is_signed_in(own)

    def test_codes_are_not_kept(self, client: Client, guarded: User) -> None:
        type_password(client)
        type_code(client, wrong_code())
        assert AccessAttempt.objects.get().post_data == ""


class TestSettingOneUp:
    def test_an_app_is_added_with_its_first_code_and_recovery_codes_are_shown_once(
        self, alice: User
    ) -> None:
        browser = confirmed()
        page = browser.get("/second-factor/app").content.decode()
        found = re.search(r'card-long"[^>]*>(\w+)<', page)
        assert found
        added = browser.post("/second-factor/app", {"code": code(found[1])})
        assert added["Location"] == "/second-factor/codes"
        shown = re.findall(r"<code>(\d{8})</code>", browser.get(added["Location"]).content.decode())
        assert len(shown) == 10
        again = browser.get(added["Location"]).content.decode()
        assert not any(one in again for one in shown)

    def test_a_wrong_first_code_adds_none(self, alice: User) -> None:
        browser = confirmed()
        browser.get("/second-factor/app")
        browser.post("/second-factor/app", {"code": "0"})
        assert not Authenticator.objects.exists()

    def test_a_session_that_has_not_typed_the_password_is_asked_for_it(self, alice: User) -> None:
        browser = signed_in(alice)
        asked = browser.get("/second-factor/app")["Location"]
        assert asked == "/password/confirm?next=%2Fsecond-factor%2Fapp"
        typed = browser.post(asked, {"password": "alice's password"})
        assert typed["Location"] == "/second-factor/app"
        assert browser.get("/second-factor/app").status_code == HTTPStatus.OK

    def test_wrong_passwords_there_count_as_at_the_sign_in(self, alice: User) -> None:
        browser = signed_in(alice)
        for _ in range(8):
            answer = browser.post("/password/confirm", {"password": "wrong"})
        assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS

    def test_secrets_are_sealed_in_the_database(self, guarded: User) -> None:
        recovery_codes(guarded)
        kept = str(list(Authenticator.objects.values_list("data", flat=True)))
        assert SECRET not in kept
        assert kept.count("gAAAA") == 2

    def test_a_secret_that_no_key_opens_lets_nobody_in(
        self, client: Client, guarded: User, settings: Settings
    ) -> None:
        settings.SECRET_KEY = "another-" + "x" * 50
        type_password(client)
        type_code(client, code())
        assert not is_signed_in(client)

    def test_the_app_is_removed_with_its_recovery_codes(self, guarded: User) -> None:
        recovery_codes(guarded)
        browser = Client()
        type_password(browser)
        type_code(browser, code())
        assert browser.post("/second-factor/app/remove")["Location"] == "/second-factor"
        assert not Authenticator.objects.exists()

    def test_a_key_of_somebody_else_cannot_be_removed(self, alice: User, bob: User) -> None:
        key = Authenticator.objects.create(user=bob, type="webauthn", data={"name": "Bob's"})
        answer = confirmed().post(f"/second-factor/key/{key.pk}/remove")
        assert answer.status_code == HTTPStatus.NOT_FOUND

    @pytest.mark.parametrize("answer", ["", "{}", "[]", '{"id": 1}', "nonsense"])
    def test_an_answer_that_no_key_gave_adds_none(self, alice: User, answer: str) -> None:
        browser = confirmed()
        browser.get("/second-factor/key")
        sent = browser.post("/second-factor/key", {"credential": answer})
        assert sent.status_code == HTTPStatus.OK
        assert not Authenticator.objects.exists()

    def test_nor_does_one_sign_anybody_in(self, client: Client, guarded: User) -> None:
        type_password(client)
        answer = client.post("/login/second-factor", {"credential": '{"id": 1}'})
        assert answer.status_code == HTTPStatus.OK
        assert not is_signed_in(client)


class TestWhoMust:
    def test_nobody_by_default(self, as_root: Client) -> None:
        assert as_root.get("/").status_code == HTTPStatus.OK

    def test_everybody_is_led_to_set_one_up_before_anything_else(
        self, as_alice: Client, settings: Settings
    ) -> None:
        settings.REQUIRE_SECOND_FACTOR = "everybody"
        for path in ("/", "/calls/1", "/admin/", "/calls/1/words", "/second-factor/codes"):
            assert as_alice.get(path)["Location"] == "/second-factor"
        page = as_alice.get("/second-factor").content.decode()
        assert "Your account needs a second factor" in page

    def test_who_has_one_goes_on(self, as_alice: Client, guarded: User, settings: Settings) -> None:
        settings.REQUIRE_SECOND_FACTOR = "everybody"
        assert as_alice.get("/").status_code == HTTPStatus.OK

    def test_recovery_codes_alone_are_none(
        self, as_alice: Client, alice: User, settings: Settings
    ) -> None:
        settings.REQUIRE_SECOND_FACTOR = "everybody"
        recovery_codes(alice)
        assert as_alice.get("/").status_code == HTTPStatus.FOUND

    def test_who_is_signed_out_is_asked_to_sign_in(
        self, client: Client, db: Any, settings: Settings
    ) -> None:
        settings.REQUIRE_SECOND_FACTOR = "everybody"
        assert client.get("/")["Location"] == "/login?next=/"

    def test_administrators_are_those_who_may_change_accounts(
        self, as_alice: Client, as_root: Client, charlie: User, settings: Settings
    ) -> None:
        settings.REQUIRE_SECOND_FACTOR = "administrators"
        charlie.user_permissions.add(Permission.objects.get(codename="change_user"))
        assert as_alice.get("/").status_code == HTTPStatus.OK
        for client in (as_root, signed_in(charlie)):
            assert client.get("/")["Location"] == "/second-factor"

    def test_the_last_one_cannot_be_removed_then(self, guarded: User, settings: Settings) -> None:
        settings.REQUIRE_SECOND_FACTOR = "everybody"
        browser = Client()
        type_password(browser)
        type_code(browser, code())
        page = browser.post("/second-factor/app/remove").content.decode()
        assert "Add another one before you remove this one" in page
        assert Authenticator.objects.exists()

    def test_nor_can_a_last_key(self, as_alice: Client, alice: User, settings: Settings) -> None:
        settings.REQUIRE_SECOND_FACTOR = "everybody"
        key = Authenticator.objects.create(user=alice, type="webauthn", data={"name": "Mine"})
        as_alice.post("/password/confirm", {"password": "alice's password"})
        answer = as_alice.post(f"/second-factor/key/{key.pk}/remove")
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert Authenticator.objects.exists()


def take_away(client: Client, *users: User) -> Any:
    """Choose users in the admin's list, and have their second factors taken away."""
    chosen = [str(user.pk) for user in users]
    form = {"action": "take_away_second_factor", "_selected_action": chosen}
    return client.post("/admin/auth/user/", form)


class TestTakingOneAway:
    def test_an_administrator_takes_away_a_lost_one_and_it_is_recorded(
        self, as_root: Client, guarded: User
    ) -> None:
        take_away(as_root, guarded)
        assert not Authenticator.objects.exists()
        action = AdminAction.objects.get(kind=AdminAction.Kind.CHANGED)
        assert (action.username, action.object_repr) == ("root", "alice")
        assert action.message == "the second factor was taken away"

    def test_it_ends_the_users_sessions_and_nobody_elses(
        self, as_root: Client, as_alice: Client, guarded: User
    ) -> None:
        take_away(as_root, guarded)
        assert as_alice.get("/").status_code == HTTPStatus.FOUND
        assert as_root.get("/").status_code == HTTPStatus.OK

    def test_the_password_signs_in_again(
        self, as_root: Client, client: Client, guarded: User
    ) -> None:
        take_away(as_root, guarded)
        type_password(client)
        assert is_signed_in(client)

    def test_nothing_is_recorded_of_who_had_none(self, as_root: Client, alice: User) -> None:
        take_away(as_root, alice)
        assert not AdminAction.objects.exists()

    def test_an_administrator_takes_none_from_a_superuser(
        self, staff: Client, charlie: User, root: User
    ) -> None:
        add_app(root)
        charlie.user_permissions.set(Permission.objects.filter(content_type__app_label="auth"))
        take_away(staff, root)
        assert Authenticator.objects.filter(user=root).exists()

    def test_secrets_are_not_in_the_admin(self, as_root: Client, guarded: User) -> None:
        index = as_root.get("/admin/").content.decode()
        assert "/admin/mfa/" not in index
        assert "/admin/account/" not in index
