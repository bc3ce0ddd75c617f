"""The words of a call, as a page asks for them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from monitor.models import Call
from monitor.services.taps import OpenedTap
from tests.support.cast import permit
from tests.support.rows import NOW
from tests.support.tellings import tell
from tests.support.words import heard, said, summary

pytestmark = pytest.mark.django_db


def get(client: Client, pk: int | None = None) -> Any:
    return client.get(reverse("call-words", args=[pk or Call.objects.get().pk]))


def test_it_has_every_line_and_the_summary(as_alice: Client) -> None:
    tell(heard("Hello?"))
    response = get(as_alice)
    assert [line["text"] for line in response.json()["lines"]] == ["Hello?"]
    assert response.json()["summary"] == ""
    assert "no-store" in response["Cache-Control"]
    tell(summary(call_log=[said("user", "Hello.", NOW.timestamp())]))
    tell(summary(ai_session_id="ai-2", post_prompt_data={}))
    tell(summary(ai_session_id="ai-3", post_prompt_data={"raw": "The end."}), agent="second")
    assert [line["text"] for line in get(as_alice).json()["lines"]] == ["Hello."]
    assert get(as_alice).json()["summary"] == "All is well.\n\nThe end."


def test_it_needs_the_permission_to_read_words(
    client: Client, as_alice: Client, alice: User
) -> None:
    tell(heard("Hello?"))
    assert get(client).status_code == HTTPStatus.UNAUTHORIZED
    alice.groups.clear()
    permit(alice, "view_tap", "listen_tap")
    assert get(as_alice).status_code == HTTPStatus.FORBIDDEN
    assert get(as_alice).json() == {"error": "You may not read what is said in calls."}
    permit(alice, "read_words")
    assert get(as_alice).status_code == HTTPStatus.OK


PLACE = 'data-part="transcript"'


@pytest.mark.parametrize("page", ["/", "/calls/{}", "/calls/{}/deck"])
def test_pages_have_a_place_for_words_only_for_those_who_may_read_them(
    as_alice: Client, alice: User, opened: OpenedTap, page: str
) -> None:
    path = page.format(opened.tap.call_id)
    assert PLACE in as_alice.get(path).content.decode()
    alice.groups.clear()
    permit(alice, "view_tap", "listen_tap")
    response = as_alice.get(path)
    assert response.status_code == HTTPStatus.OK
    assert PLACE not in response.content.decode()
    assert "data-can-read" not in response.content.decode()


def test_a_call_that_is_not_there_is_not_found(as_alice: Client) -> None:
    assert get(as_alice, 99).status_code == HTTPStatus.NOT_FOUND
