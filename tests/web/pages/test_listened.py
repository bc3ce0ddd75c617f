"""The page on which users see what they listened to themselves."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from monitor.services.taps import OpenedTap
from tests.support.listening import listened
from tests.support.markup import refused

pytestmark = pytest.mark.django_db


def page(client: Client, query: str = "") -> str:
    html = client.get(f"/listened{query}").content.decode()
    assert refused(html) == []
    return html


def test_a_listening_is_shown_with_its_call_and_what_was_heard(
    as_alice: Client, alice: User, opened: OpenedTap
) -> None:
    listened(1, user_id=alice.pk)
    html = page(as_alice)
    assert f'<a href="/calls/{opened.tap.call_id}">receptionist</a>' in html
    assert "0:50 heard" in html
    assert "0:05 rewound" in html


def test_why_the_user_listened_is_shown(as_alice: Client, alice: User) -> None:
    listened(1, user_id=alice.pk, begins={"reason": "a complaint"})
    assert '<span class="listened-reason">a complaint</span>' in page(as_alice)


def test_what_others_heard_is_not_shown_even_of_an_earlier_user_of_the_same_name(
    as_alice: Client, alice: User
) -> None:
    listened(1, "bob", "call-of-bob", user_id=alice.pk + 1)
    listened(2, "alice", "call-of-another-alice", user_id=alice.pk + 1)
    assert "You have not listened to a call yet." in page(as_alice)


def test_a_call_that_the_user_may_not_know_of_now_is_named_by_its_id_only(
    as_charlie: Client, charlie: User, opened: OpenedTap
) -> None:
    listened(1, "charlie", user_id=charlie.pk)
    html = page(as_charlie)
    assert "A call that is not shown to you now" in html
    assert "receptionist" not in html


def test_older_ones_are_on_further_pages(as_alice: Client, alice: User) -> None:
    for session in range(51):
        listened(session, call_id=f"call-{session}.", user_id=alice.pk)
    assert "call-50." in page(as_alice)
    assert "call-0." not in page(as_alice)
    assert "call-0." in page(as_alice, "?page=2")
