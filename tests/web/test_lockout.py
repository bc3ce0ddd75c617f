"""Wrong passwords make whoever sends them wait, and nobody else."""

from __future__ import annotations

import datetime
from http import HTTPStatus
from typing import Any, TypedDict, Unpack

import pytest
from axes.models import AccessAttempt, AccessLog
from django.contrib.auth.models import User
from django.db.models import F
from django.db.models.signals import post_save
from django.test import Client

from monitor.web import lockout
from monitor.web.lockout import ADDRESS, NAME, PAIR, in_words

PASSWORD = "alice's password"
STRANGER = "203.0.113.66"


class Where(TypedDict, total=False):
    """Where an attempt to sign in comes from, and where it goes."""

    user: str
    address: str | None
    path: str
    browser: str


def attempt(
    client: Client,
    password: str = "wrong",
    *,
    user: str = "alice",
    address: str | None = "192.0.2.7",
    path: str = "/login",
    browser: str = "Browser",
) -> Any:
    form = {"username": user, "password": password}
    return client.post(path, form, REMOTE_ADDR=address, HTTP_USER_AGENT=browser)


def fail(times: int, **where: Unpack[Where]) -> Any:
    """Send a wrong password ``times`` times without cookies, and return the last answer."""
    for _ in range(times):
        answer = attempt(Client(), **where)
    return answer


def wait(**duration: float) -> None:
    """Move all recorded failures into the past by that much."""
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - datetime.timedelta(**duration))


def opens(client: Client, **where: Unpack[Where]) -> bool:
    """Return whether the right password signs the user in."""
    answer = attempt(client, PASSWORD, **where)
    assert answer.status_code in (HTTPStatus.FOUND, HTTPStatus.TOO_MANY_REQUESTS)
    return bool(answer.status_code == HTTPStatus.FOUND)


@pytest.fixture
def own_browser(alice: User) -> Client:
    """A browser in which alice signed in before, and is signed out."""
    client = Client()
    assert opens(client)
    client.post("/logout")
    return client


@pytest.mark.usefixtures("alice")
class TestOnePairOfNameAndAddress:
    def test_seven_wrong_passwords_cost_nothing(self) -> None:
        assert fail(7).status_code == HTTPStatus.OK
        assert opens(Client())

    def test_the_eighth_is_answered_with_how_long_to_wait(self) -> None:
        answer = fail(8)
        assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS
        assert 14 <= int(answer["Retry-After"]) <= 16
        assert f"Try again in {answer['Retry-After']} seconds." in answer.content.decode()

    def test_the_right_password_does_not_help_then(self) -> None:
        fail(8)
        assert not opens(Client())

    def test_nor_does_another_browser(self) -> None:
        fail(8)
        assert not opens(Client(), browser="Another")

    def test_failures_of_several_browsers_are_counted_together(self) -> None:
        for number in range(8):
            answer = fail(1, browser=f"Browser {number}")
        assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS

    def test_after_the_wait_the_right_password_opens_again(self) -> None:
        fail(8)
        wait(seconds=16)
        assert opens(Client())

    def test_each_further_failure_doubles_the_wait(self) -> None:
        fail(8)
        wait(seconds=16)
        assert 28 <= int(fail(1)["Retry-After"]) <= 31

    def test_a_refused_try_does_not_make_it_longer(self) -> None:
        fail(8)
        assert int(fail(5)["Retry-After"]) <= 16

    def test_signing_in_forgets_the_failures(self) -> None:
        fail(7)
        assert opens(Client())
        assert fail(7).status_code == HTTPStatus.OK

    def test_a_day_forgets_them_too(self) -> None:
        fail(8)
        wait(hours=25)
        assert fail(1).status_code == HTTPStatus.OK

    def test_others_sign_in_meanwhile(self, bob: User) -> None:
        fail(8)
        assert attempt(Client(), "bob's password", user="bob").status_code == HTTPStatus.FOUND

    def test_the_same_user_signs_in_at_another_address(self) -> None:
        fail(8)
        assert opens(Client(), address="192.0.2.99")

    def test_a_client_without_an_address_is_counted_too(self) -> None:
        assert fail(8, address=None).status_code == HTTPStatus.TOO_MANY_REQUESTS


class TestAKnownBrowser:
    def test_a_stranger_with_the_same_address_cannot_lock_it_out(self, own_browser: Client) -> None:
        fail(20)
        assert opens(own_browser)

    def test_its_own_wrong_password_is_told_as_one_meanwhile(self, own_browser: Client) -> None:
        fail(20)
        assert attempt(own_browser).status_code == HTTPStatus.OK

    def test_it_has_eight_tries_like_any_other(self, own_browser: Client) -> None:
        for number in range(8):
            answer = attempt(own_browser, browser=f"Browser {number}")
        assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS
        assert not opens(own_browser)

    def test_it_is_known_for_the_users_who_signed_in_there_only(
        self, own_browser: Client, bob: User
    ) -> None:
        fail(8, user="bob")
        answer = attempt(own_browser, "bob's password", user="bob")
        assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS

    def test_a_shared_desk_is_known_for_all_its_users(self, own_browser: Client, bob: User) -> None:
        attempt(own_browser, "bob's password", user="bob")
        own_browser.post("/logout")
        fail(8)
        assert opens(own_browser)

    def test_a_cookie_that_we_have_not_signed_is_worth_nothing(self, own_browser: Client) -> None:
        own_browser.cookies["device"] = own_browser.cookies["device"].value + "x"
        fail(8)
        assert not opens(own_browser)

    def test_its_cookie_is_kept_from_scripts_and_names_no_user(self, own_browser: Client) -> None:
        cookie = own_browser.cookies["device"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert "alice" not in cookie.value

    def test_the_record_of_a_sign_in_names_the_real_browser(self, own_browser: Client) -> None:
        assert AccessLog.objects.get().user_agent == "Browser"


def failed_before(times: int, user: str, address: str) -> None:
    """Have the table say so."""
    AccessAttempt.objects.create(username=user, ip_address=address, failures_since_start=times)


class TestManyNamesOrAddresses:
    def test_an_address_that_tries_many_names_waits(self, alice: User) -> None:
        failed_before(ADDRESS.free // 2, "a name", STRANGER)
        failed_before(ADDRESS.free // 2, "another", STRANGER)
        assert not opens(Client(), address=STRANGER)
        assert opens(Client(), address="192.0.2.7")
        wait(seconds=61)
        assert opens(Client(), address=STRANGER)

    def test_a_name_that_is_tried_from_many_addresses_waits(self, alice: User, bob: User) -> None:
        failed_before(NAME.free // 2, "alice", STRANGER)
        failed_before(NAME.free // 2, "alice", "203.0.113.67")
        assert not opens(Client())
        assert attempt(Client(), "bob's password", user="bob").status_code == HTTPStatus.FOUND
        wait(seconds=61)
        assert opens(Client())

    def test_neither_holds_up_a_known_browser(self, own_browser: Client) -> None:
        failed_before(ADDRESS.free, "alice", "192.0.2.7")
        assert opens(own_browser)


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (7, 0), (8, 15), (9, 30), (10, 60), (13, 480), (14, 900), (100, 900), (10**9, 900)],
)
def test_the_delay_doubles_up_to_a_quarter_of_an_hour(failures: int, seconds: int) -> None:
    assert PAIR.delay(failures).total_seconds() == seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 second"),
        (15, "15 seconds"),
        (99, "99 seconds"),
        (100, "2 minutes"),
        (900, "15 minutes"),
    ],
)
def test_a_wait_is_told_in_words(seconds: int, words: str) -> None:
    assert in_words(seconds) == words


def test_strangers_do_not_fill_the_table(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockout, "MAX_ROWS", 3)
    for number in range(6):
        fail(1, user=f"user {number}", address=f"203.0.113.{number}")
    kept = AccessAttempt.objects.order_by("pk").values_list("username", flat=True)
    assert list(kept) == ["user 3", "user 4", "user 5"]


def test_forms_are_not_kept(alice: User) -> None:
    fail(2)
    assert list(AccessAttempt.objects.values_list("get_data", "post_data")) == [("", "")]


def test_a_name_too_long_to_be_kept_is_refused_and_counted(alice: User) -> None:
    """PostgreSQL refuses a row with more than 255 characters, which would be answered 500."""
    assert attempt(Client(), user="a" * 5000).status_code == HTTPStatus.OK
    assert AccessAttempt.objects.get().username == "a" * 255
    assert fail(9, user="a" * 5000).status_code == HTTPStatus.TOO_MANY_REQUESTS


def test_nothing_that_was_sent_is_written_not_even_for_a_moment(db: Any) -> None:
    """What is overwritten at once is still in the database's files."""
    written: list[str] = []

    def note(instance: AccessAttempt, **kwargs: Any) -> None:
        written.extend((str(instance.get_data), str(instance.post_data)))

    post_save.connect(note, sender=AccessAttempt)
    try:
        fail(1, path="/login?next=/admin/monitor/call/%3Fq=12025550177")
    finally:
        post_save.disconnect(note, sender=AccessAttempt)
    assert written == ["", ""]
