"""POST /settings, and the settings that a page holds."""

from __future__ import annotations

import html
import json
import re
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitor.services import user_settings
from monitor.services.user_settings import settings_of
from monitor.web import password_change
from tests.support.cast import signed_in

JSON = "application/json"


def post(client: Client, body: Any, **headers: str) -> Any:
    return client.post("/settings", body, content_type=JSON, headers=headers)


def test_changes_are_kept(as_alice: Client, alice: User) -> None:
    response = post(as_alice, {"volume": 0.25, "theme": "dark"})
    assert (response.status_code, response.content) == (HTTPStatus.NO_CONTENT, b"")
    assert settings_of(alice)["volume"] == 0.25


def test_a_page_holds_the_settings_of_its_user(as_alice: Client) -> None:
    name = "\"'><script>"
    post(as_alice, {"volume": 0.25, "views": [{"name": name, "query": ""}]})
    page = as_alice.get("/").content.decode()
    found = re.search(r'data-settings="([^"]*)"', page)
    assert found
    held = json.loads(html.unescape(found[1]))
    assert (held["volume"], held["views"][0]["name"]) == (0.25, name)
    assert "<script>" not in page


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"volume": 2}, 'The setting "volume" must be a number from 0 to 1.'),
        ("[]", 'The body must be a JSON object: {"volume": 0.5}'),
        ("{", 'The body is not JSON. It must be an object: {"volume": 0.5}'),
        ("[" * 9000, 'The body is not JSON. It must be an object: {"volume": 0.5}'),
        (b"\xff", 'The body is not JSON. It must be an object: {"volume": 0.5}'),
        (" " * 16385, "The body has 16385 bytes. At most 16384 are taken."),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(
    as_alice: Client, body: Any, why: str
) -> None:
    response = post(as_alice, body)
    assert (response.status_code, response.content.decode()) == (
        HTTPStatus.BAD_REQUEST,
        f"{why}\n",
    )


def test_whoever_is_signed_out_is_refused(client: Client, db: Any) -> None:
    response = post(client, {"volume": 0.5})
    assert response.status_code == HTTPStatus.FORBIDDEN
    assert "You are signed out" in response.content.decode()


def test_another_site_cannot_change_settings(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert post(client, {"volume": 0.5}).status_code == HTTPStatus.FORBIDDEN
    page = client.get("/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    answer = post(client, {"volume": 0.5}, X_CSRFToken=token[1])
    assert answer.status_code == HTTPStatus.NO_CONTENT


def test_settings_are_only_posted(as_alice: Client) -> None:
    assert as_alice.get("/settings").status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_a_user_who_must_choose_a_password_may_change_settings(alice: User) -> None:
    client = signed_in(alice)
    session = client.session
    session[password_change.MUST_CHANGE] = True
    session.save()
    assert post(client, {"theme": "dark"}).status_code == HTTPStatus.NO_CONTENT


class TestTheme:
    @pytest.mark.parametrize(
        ("theme", "media"),
        [("system", "(prefers-color-scheme: dark)"), ("light", "not all"), ("dark", "all")],
    )
    @pytest.mark.parametrize("path", ["/", "/password", "/nothing-here"])
    def test_every_page_comes_in_the_users_theme(
        self, as_alice: Client, alice: User, theme: str, media: str, path: str
    ) -> None:
        user_settings.change(alice, {"theme": theme})
        page = as_alice.get(path).content.decode()
        assert f'data-theme="{theme}"' in page
        assert f'media="{media}"' in page

    def test_a_page_that_knows_no_user_follows_the_system(self) -> None:
        page = render_to_string("400.html")
        assert 'media="(prefers-color-scheme: dark)"' in page
        assert 'data-theme="system"' in page

    def test_the_admin_asks_for_no_settings(self, as_root: Client) -> None:
        with CaptureQueriesContext(connection) as queries:
            as_root.get("/admin/")
        assert not [one for one in queries if "usersettings" in one["sql"]]
