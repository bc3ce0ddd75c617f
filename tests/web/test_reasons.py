"""Who may say why they listen to a call, and what the page is answered."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from django.contrib.auth.models import User
from django.test import Client

from monitor.models import ListenReason
from monitor.services import reasons
from monitor.services.taps import OpenedTap
from tests.support.cast import permit

pytestmark = pytest.mark.django_db


def post(client: Client, opened: OpenedTap, reason: str = "a complaint") -> tuple[int, str]:
    """Give a reason; return the status and why it was refused."""
    answer = client.post(f"/calls/{opened.tap.call_id}/reason", {"reason": reason})
    return answer.status_code, answer.json().get("error", "")


def test_who_may_listen_gives_one(as_alice: Client, alice: User, opened: OpenedTap) -> None:
    assert post(as_alice, opened) == (HTTPStatus.ACCEPTED, "")
    given = ListenReason.objects.get()
    assert (given.user, given.call, given.text) == (alice, opened.tap.call, "a complaint")


def test_who_hears_calls_without_seeing_the_list_gives_one(
    as_charlie: Client, charlie: User, opened: OpenedTap
) -> None:
    permit(charlie, "listen_tap", "see_all_teams")
    assert post(as_charlie, opened) == (HTTPStatus.ACCEPTED, "")


def test_who_may_not_listen_gives_none(as_bob: Client, opened: OpenedTap) -> None:
    assert post(as_bob, opened) == (HTTPStatus.FORBIDDEN, "not_allowed")
    assert not ListenReason.objects.exists()


def test_who_is_signed_out_is_told_so(client: Client, opened: OpenedTap) -> None:
    assert post(client, opened) == (HTTPStatus.FORBIDDEN, "signed_out")


def test_another_site_can_give_none(alice: User, opened: OpenedTap) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.post(f"/calls/{opened.tap.call_id}/reason", {"reason": "a complaint"})
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert not ListenReason.objects.exists()


@pytest.mark.parametrize(
    ("reason", "error"),
    [("", "reason_too_short"), ("  ab ", "reason_too_short"), ("a" * 201, "reason_too_long")],
)
def test_what_is_no_reason_is_refused(
    as_alice: Client, opened: OpenedTap, reason: str, error: str
) -> None:
    assert post(as_alice, opened, reason) == (HTTPStatus.BAD_REQUEST, error)


def test_who_gives_too_many_is_told_so(
    as_alice: Client, opened: OpenedTap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reasons, "PER_MINUTE", 1)
    post(as_alice, opened)
    assert post(as_alice, opened) == (HTTPStatus.TOO_MANY_REQUESTS, "too_many")


@pytest.mark.parametrize("path", ["/", "/calls/{}", "/calls/{}/deck"])
def test_pages_with_decks_offer_ones_own_recent_reasons_as_text(
    as_alice: Client, alice: User, root: User, opened: OpenedTap, path: str
) -> None:
    reasons.give(root, opened.tap.call_id, "of somebody else")
    reasons.give(alice, opened.tap.call_id, '"><b>why</b>')
    html = as_alice.get(path.format(opened.tap.call_id)).content.decode()
    assert '<option value="&quot;&gt;&lt;b&gt;why&lt;/b&gt;">' in html
    assert "of somebody else" not in html
