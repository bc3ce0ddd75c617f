"""Choosing another password by a link that comes by e-mail."""

from __future__ import annotations

import re
from functools import partial
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from pytest_django import Settings

from monitor.services import passwords
from monitor.telemetry.redaction import redact
from monitor.web.pages import password_reset
from tests.support.cast import signed_in
from tests.support.second_factors import add_app, is_signed_in

CHOSEN = "rain behind the mill"


class AtOnce:
    """Stands for a thread, and does its work in the one that starts it."""

    def __init__(self, target: Any, args: Any) -> None:
        self.start = partial(target, *args)


@pytest.fixture(autouse=True)
def _mail(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is an e-mail server, and what is sent has been sent when the page answers."""
    settings.EMAIL_URL = "smtp://mail.example"
    monkeypatch.setattr(password_reset, "Thread", AtOnce)


@pytest.fixture
def alice(alice: User) -> User:
    alice.email = "alice@floor.example"
    alice.save()
    return alice


def ask(email: str = "alice@floor.example", **where: Any) -> Any:
    return Client().post("/password/reset", {"email": email}, **where)


def link() -> str:
    """Return the path in the last mail."""
    found = re.search(r"http://127.0.0.1:8000(/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def choose(client: Client, path: str, new: str = CHOSEN) -> Any:
    page = client.get(path)
    if page.status_code != HTTPStatus.FOUND:
        return page
    return client.post(page["Location"], {"new_password1": new, "new_password2": new})


def test_a_link_comes_and_the_new_password_is_in_force(client: Client, alice: User) -> None:
    assert ask()["Location"] == "/password/reset/sent"
    assert mail.outbox[0].to == ["alice@floor.example"]
    assert choose(client, link())["Location"] == "/login"
    alice.refresh_from_db()
    assert alice.check_password(CHOSEN)


def test_what_the_page_answers_does_not_tell_whether_there_is_an_account(alice: User) -> None:
    known, unknown = ask(), ask("nobody@floor.example")
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert len(mail.outbox) == 1


def test_a_link_holds_once(client: Client, alice: User) -> None:
    ask()
    path = link()
    choose(client, path)
    page = choose(Client(), path, "another dew on the mill")
    assert "This link was used before" in page.content.decode()


def test_a_link_is_too_old_after_half_an_hour(
    client: Client, alice: User, settings: Settings
) -> None:
    assert settings.PASSWORD_RESET_TIMEOUT == 1800
    ask()
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert "is too old" in choose(client, link()).content.decode()


def test_all_sessions_end_and_nobody_is_signed_in(client: Client, alice: User) -> None:
    elsewhere = signed_in(alice)
    ask()
    choose(client, link())
    assert elsewhere.get("/").status_code == HTTPStatus.FOUND
    assert not is_signed_in(client)


def test_it_does_not_lead_past_the_second_factor(client: Client, alice: User) -> None:
    add_app(alice)
    ask()
    choose(client, link())
    answer = client.post("/login", {"username": "alice", "password": CHOSEN})
    assert answer["Location"] == "/login/second-factor"


def test_it_does_not_lead_past_the_lock_out(client: Client, alice: User) -> None:
    for _ in range(8):
        client.post("/login", {"username": "alice", "password": "wrong"})
    ask()
    choose(client, link())
    answer = client.post("/login", {"username": "alice", "password": CHOSEN})
    assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS


def test_a_password_that_somebody_else_set_is_ones_own_then(client: Client, alice: User) -> None:
    passwords.mark_assigned(alice)
    ask()
    choose(client, link())
    assert not passwords.is_assigned(alice)


def test_a_deactivated_user_gets_none(alice: User) -> None:
    User.objects.update(is_active=False)
    ask()
    assert mail.outbox == []


def test_an_account_gets_three_links_in_an_hour_at_most(alice: User) -> None:
    for number in range(5):
        ask(REMOTE_ADDR=f"203.0.113.{number}")
    assert len(mail.outbox) == password_reset.TO_ONE_ACCOUNT


def test_a_client_asks_for_twenty_at_most_whatever_address_it_claims(alice: User) -> None:
    for number in range(21):
        where = {"REMOTE_ADDR": "198.51.100.7", "HTTP_X_FORWARDED_FOR": f"203.0.113.{number}"}
        answer = ask(f"somebody-{number}@floor.example", **where)
    assert "Too many links" in answer.content.decode()


def test_the_link_leads_here_whatever_host_the_request_names(alice: User) -> None:
    ask(HTTP_HOST="testserver", HTTP_X_FORWARDED_HOST="evil.example")
    assert "http://127.0.0.1:8000/password/choose/" in str(mail.outbox[0].body)
    assert "testserver" not in str(mail.outbox[0].body)


def test_without_a_mail_server_the_page_says_whom_to_ask(
    alice: User, client: Client, settings: Settings
) -> None:
    settings.EMAIL_URL = {}
    assert "Ask an administrator" in client.get("/password/reset").content.decode()
    ask()
    assert mail.outbox == []


def test_a_mail_server_that_fails_is_logged_without_the_address(
    alice: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: Any) -> None:
        raise OSError("alice@floor.example refused")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", fail)
    assert ask().status_code == HTTPStatus.FOUND
    assert "was not sent: OSError" in caplog.text
    assert "alice@" not in caplog.text


def test_no_log_line_shows_the_link() -> None:
    assert redact("GET /password/choose/Mg/abc-123 200") == "GET /password/choose/Mg/… 200"
