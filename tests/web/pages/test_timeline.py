"""The timeline that a deck asks for."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from monitor.audio.condition import Kind
from monitor.models import ListenSession
from monitor.services.taps import OpenedTap
from tests.support.rows import NOW, SECOND


def path_of(opened: OpenedTap) -> str:
    return f"/calls/{opened.tap.call_id}/timeline"


def entries(client: Client, opened: OpenedTap) -> list[dict[str, Any]]:
    response = client.get(path_of(opened))
    assert response.status_code == HTTPStatus.OK
    found: list[dict[str, Any]] = json.loads(response.content)["entries"]
    return found


@pytest.fixture
def listened(opened: OpenedTap, alice: User) -> OpenedTap:
    """A tap whose only other entry is that a user listened to it for a minute."""
    opened.tap.events.all().delete()
    opened.tap.events.create(at=NOW, old="requested", new="tapping", reason="media connected")
    times = {"started_at": NOW + SECOND, "ended_at": NOW + 60 * SECOND}
    ListenSession.objects.create(tap=opened.tap, user=alice, username="alice", **times)
    return opened


def test_it_says_when_what_happened_to_which_leg(as_alice: Client, listened: OpenedTap) -> None:
    assert entries(as_alice, listened)[0] == {
        "at": NOW.isoformat(),
        "direction": "both",
        "state": "tapping",
        "title": "Live",
        "words": "media connected",
    }


def test_who_listened_is_left_out_for_those_who_may_not_know(
    as_alice: Client, listened: OpenedTap
) -> None:
    assert len(entries(as_alice, listened)) == 1


def test_who_listened_is_told_to_those_who_may_know(
    as_alice: Client, alice: User, listened: OpenedTap
) -> None:
    alice.user_permissions.add(Permission.objects.get(codename="view_listensession"))
    titles = [entry["title"] for entry in entries(as_alice, listened)]
    assert titles[1:] == [f"alice (user {alice.pk}) joined", f"alice (user {alice.pk}) left"]


def test_it_says_why_the_call_needed_attention(as_alice: Client, listened: OpenedTap) -> None:
    listened.tap.call.marks.create(
        kind=Kind.DEAD_AIR, severity=60, began_at=NOW + 5 * SECOND, ended_at=NOW + 25 * SECOND
    )
    found = entries(as_alice, listened)[1]
    assert (found["title"], found["direction"]) == ("Nobody spoke for 20 s", "")


def test_a_signed_out_page_is_told_so(client: Client, opened: OpenedTap) -> None:
    assert client.get(path_of(opened)).status_code == HTTPStatus.UNAUTHORIZED


def test_a_user_who_may_not_see_calls_is_refused(
    client: Client, opened: OpenedTap, db: Any
) -> None:
    client.force_login(User.objects.create_user("carol"))
    assert client.get(path_of(opened)).status_code == HTTPStatus.FORBIDDEN


def test_a_call_that_does_not_exist_is_not_found(as_alice: Client) -> None:
    assert as_alice.get("/calls/999999/timeline").status_code == HTTPStatus.NOT_FOUND
