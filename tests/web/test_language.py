"""In which language a page speaks, and where its scripts get their words from."""

from __future__ import annotations

import re
from http import HTTPStatus

import pytest
from django.contrib.auth.models import User
from django.test import Client

from monitor.services import user_settings

SPANISH = {"Accept-Language": "es-MX,es;q=0.9,en;q=0.5"}


def language_of(client: Client, path: str = "/login", **headers: str) -> str:
    page = client.get(path, headers=headers)
    found = re.search(r'<html lang="([^"]*)"', page.content.decode())
    assert found
    assert page["Content-Language"] == found[1]
    return found[1]


def sign_in(client: Client) -> None:
    client.post("/login", {"username": "alice", "password": "alice's password"})


def choose(client: Client, language: str) -> None:
    answer = client.post("/settings", {"language": language}, content_type="application/json")
    assert answer.status_code == HTTPStatus.NO_CONTENT


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("accepted", "language"),
    [("es", "es"), ("es-MX,en;q=0.5", "es"), ("de,es;q=0.5", "es"), ("de", "en"), ("", "en")],
)
def test_whoever_has_chosen_none_gets_the_first_language_of_the_browser_that_there_is(
    client: Client, accepted: str, language: str
) -> None:
    assert language_of(client, **{"Accept-Language": accepted}) == language


def test_the_users_own_choice_wins_over_the_browsers_at_once(as_alice: Client) -> None:
    choose(as_alice, "es")
    assert language_of(as_alice, "/") == "es"
    choose(as_alice, "en")
    assert language_of(as_alice, "/", **SPANISH) == "en"


def test_whoever_takes_the_choice_back_has_the_browsers_again(as_alice: Client) -> None:
    choose(as_alice, "en")
    choose(as_alice, "")
    assert language_of(as_alice, "/", **SPANISH) == "es"


def test_a_sign_in_brings_the_choice_to_another_browser(client: Client, alice: User) -> None:
    user_settings.change(alice, {"language": "es"})
    assert language_of(client) == "en"
    sign_in(client)
    assert language_of(client, "/") == "es"
    client.post("/logout")
    assert language_of(client) == "es", "the sign-in page of this browser"


def test_a_sign_in_without_a_choice_forgets_that_of_whoever_was_here_before(
    as_alice: Client, alice: User
) -> None:
    choose(as_alice, "es")
    user_settings.change(alice, {"language": ""})
    as_alice.post("/logout")
    sign_in(as_alice)
    assert language_of(as_alice, "/") == "en"


def test_other_changes_leave_the_language_alone(as_alice: Client) -> None:
    choose(as_alice, "es")
    as_alice.post("/settings", {"volume": 0.5}, content_type="application/json")
    assert language_of(as_alice, "/") == "es"


def test_a_cookie_that_names_no_language_of_ours_is_ignored(client: Client, alice: User) -> None:
    client.cookies["language"] = "../../etc"
    assert language_of(client) == "en"


def catalogue_of(client: Client, path: str = "/login", **headers: str) -> str:
    page = client.get(path, headers=headers).content.decode()
    found = re.search(r'<script src="(/words/[^"]*)" defer>', page)
    return found[1] if found else ""


@pytest.mark.django_db
def test_an_english_page_loads_no_words(client: Client) -> None:
    assert catalogue_of(client) == ""


@pytest.mark.django_db
def test_another_page_loads_its_words_before_its_modules(client: Client) -> None:
    page = client.get("/login", headers=SPANISH).content.decode()
    address = catalogue_of(client, **SPANISH)
    assert page.index(address) < page.index('type="module"')


@pytest.mark.django_db
def test_browsers_and_proxies_keep_the_words_whoever_is_signed_in(client: Client) -> None:
    answer = client.get(catalogue_of(client, **SPANISH))
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    assert "Cookie" not in answer["Vary"]


@pytest.mark.django_db
def test_words_under_an_old_address_are_not_kept(client: Client) -> None:
    answer = client.get("/words/es-0123456789abcdef.js")
    assert (answer.status_code, answer["Cache-Control"]) == (HTTPStatus.OK, "no-cache")


@pytest.mark.django_db
def test_there_are_no_words_of_other_languages(client: Client) -> None:
    assert client.get("/words/de-0123456789abcdef.js").status_code == HTTPStatus.NOT_FOUND


@pytest.mark.django_db
def test_a_cache_keeps_the_languages_of_a_page_apart(client: Client) -> None:
    assert client.get("/nothing")["Vary"] == "Accept-Language, Cookie"


def test_the_page_about_a_failure_needs_no_database(client: Client) -> None:
    """pytest-django allows none in this test, and the session would be looked up in it."""
    client.raise_request_exception = False
    client.cookies["sessionid"] = "s" * 32
    answer = client.get("/", headers=SPANISH)
    assert answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert '<html lang="es">' in answer.content.decode()
    assert "Algo falló en el servidor" in answer.content.decode()


@pytest.mark.django_db
def test_the_words_of_a_language_are_in_its_script(client: Client) -> None:
    answer = client.get(catalogue_of(client, **SPANISH), headers={"Accept-Language": "en"})
    assert answer["Content-Language"] == "es"
    assert "Llamadas en vivo" in answer.content.decode()
