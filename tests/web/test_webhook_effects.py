"""What a status post does to a tap."""

from __future__ import annotations

import datetime
import itertools
import json
import threading
import uuid
from http import HTTPStatus
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from monitor.bus.process import this_process
from monitor.models import Tap, TapEvent, TapState
from monitor.services import tap_urls, taps
from monitor.services.taps import OpenedTap
from tests.support.status import body, post, signature


def state_of(opened: OpenedTap) -> str:
    return Tap.objects.get(pk=opened.tap.pk).state


def reasons(opened: OpenedTap) -> list[str]:
    return [event.reason for event in opened.tap.events.order_by("id")]


def test_tapping_and_finished_move_the_tap(client: Client, opened: OpenedTap) -> None:
    post(client, opened, body(opened, "tapping"))
    assert state_of(opened) == TapState.TAPPING
    post(client, opened, body(opened, "finished"))
    assert state_of(opened) == TapState.FINISHED


def test_the_senders_clock_is_used_where_it_can_be_right(client: Client, opened: OpenedTap) -> None:
    at = timezone.now() - datetime.timedelta(seconds=1)
    Tap.objects.update(requested_at=at - datetime.timedelta(minutes=1))
    post(client, opened, {**body(opened), "timestamp": at.timestamp()})
    started = Tap.objects.get().started_at
    assert started is not None
    assert abs(started - at) < datetime.timedelta(milliseconds=1)


@pytest.mark.parametrize("timestamp", [0, 4e9, -1e300, 10**400, "yesterday", None, [], True])
def test_an_impossible_clock_is_replaced_by_ours(
    client: Client, opened: OpenedTap, timestamp: Any
) -> None:
    before = timezone.now()
    post(client, opened, {**body(opened), "timestamp": timestamp})
    started = Tap.objects.get().started_at
    assert started is not None
    assert before <= started <= timezone.now()


def test_a_timestamp_may_be_written_as_a_string(client: Client, opened: OpenedTap) -> None:
    at = timezone.now().timestamp()
    post(client, opened, {**body(opened), "timestamp": str(at)})
    started = Tap.objects.get().started_at
    assert started is not None
    assert abs(started.timestamp() - at) < 0.001


def test_finished_without_tapping_finishes(client: Client, opened: OpenedTap) -> None:
    post(client, opened, body(opened, "finished"))
    assert state_of(opened) == TapState.FINISHED


def test_a_late_tapping_does_not_revive(client: Client, opened: OpenedTap) -> None:
    post(client, opened, body(opened, "finished"))
    assert post(client, opened, body(opened, "tapping")).json() == {"stored": True}
    assert state_of(opened) == TapState.FINISHED


@pytest.mark.parametrize(
    "order", list(itertools.permutations(["tapping", "finished", "paused", "tapping again"]))
)
def test_every_order_ends_the_same(
    client: Client, opened: OpenedTap, order: tuple[str, ...]
) -> None:
    for number, word in enumerate(order):
        post(client, opened, body(opened, word.split()[0], tag=str(number)))
    assert state_of(opened) == TapState.FINISHED


def test_the_same_post_is_stored_once_and_counted(client: Client, opened: OpenedTap) -> None:
    answers = [post(client, opened, body(opened)) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [HTTPStatus.OK] * 4
    assert [answer.json()["stored"] for answer in answers] == [True, False, False, False]
    event = TapEvent.objects.get(digest__isnull=False)
    assert event.repeats == 3


@pytest.mark.django_db(transaction=True)
def test_ten_copies_at_once_are_one_transition(opened: OpenedTap) -> None:
    start = threading.Barrier(10)
    answers: list[int] = []

    def send() -> None:
        start.wait()
        try:
            answers.append(post(Client(), opened, body(opened)).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [HTTPStatus.OK] * 10
    event = TapEvent.objects.get(digest__isnull=False)
    assert (event.old, event.new, event.repeats) == ("requested", "tapping", 9)


@pytest.mark.parametrize("ended", [TapState.LOST, TapState.FAILED])
def test_a_late_finished_corrects(client: Client, opened: OpenedTap, ended: TapState) -> None:
    Tap.objects.update(state=ended, end_reason="we thought so")
    post(client, opened, body(opened, "finished"))
    tap = Tap.objects.get()
    assert (tap.state, tap.end_reason) == (TapState.FINISHED, "")


@pytest.mark.parametrize("ended", [TapState.LOST, TapState.FAILED])
def test_a_late_tapping_corrects_nothing(
    client: Client, opened: OpenedTap, ended: TapState
) -> None:
    Tap.objects.update(state=ended)
    post(client, opened, body(opened, "tapping"))
    assert state_of(opened) == ended


@pytest.mark.parametrize(
    "word", ["lost", "failed", "paused", "requested", "", "TAPPING", " finished", "x" * 5000]
)
@pytest.mark.parametrize("state", TapState.values)
def test_a_word_that_is_not_signalwires_moves_nothing(
    client: Client, opened: OpenedTap, state: str, word: str
) -> None:
    Tap.objects.update(state=state)
    assert post(client, opened, body(opened, word)).status_code == HTTPStatus.OK
    assert state_of(opened) == state
    assert reasons(opened)[-1] == f"SignalWire says {word[:40]}"


def test_a_foreign_control_id_is_noted_under_the_tokens_tap(
    client: Client, opened: OpenedTap
) -> None:
    post(client, opened, body(opened, control_id="tap-1", call_id="call-2"))
    assert state_of(opened) == TapState.TAPPING
    assert reasons(opened)[-1] == "SignalWire says tapping of control_id tap-1 of call call-2"


def test_each_tap_hears_only_its_own_posts(client: Client, opened: OpenedTap) -> None:
    other = taps.open_tap("call-2")
    post(client, other, body(opened, "finished"))
    assert state_of(opened) == TapState.REQUESTED
    assert state_of(other) == TapState.FINISHED


def test_an_unknown_tap_is_not_found(client: Client, opened: OpenedTap) -> None:
    token = tap_urls.make("status", uuid.uuid4())
    url = f"{settings.PUBLIC_URL}/tap/{token}/status"
    assert post(client, opened, body(opened), url=url).status_code == HTTPStatus.NOT_FOUND


def test_a_media_token_posts_no_status(client: Client, opened: OpenedTap) -> None:
    url = f"{settings.PUBLIC_URL}/tap/{tap_urls.make('media', opened.tap.pk)}/status"
    assert post(client, opened, body(opened), url=url).status_code == HTTPStatus.NOT_FOUND
    assert state_of(opened) == TapState.REQUESTED


def test_a_trailing_slash_is_another_address(client: Client, opened: OpenedTap) -> None:
    """The post is not redirected either, because its signature would no longer match."""
    url = f"{opened.status_url}/"
    assert post(client, opened, body(opened), url=url).status_code == HTTPStatus.NOT_FOUND


def test_no_cookie_is_needed_nor_set(opened: OpenedTap) -> None:
    response = post(Client(enforce_csrf_checks=True), opened, body(opened))
    assert response.status_code == HTTPStatus.OK
    assert not response.cookies


@pytest.mark.django_db(transaction=True)
def test_pages_are_told_when_it_is_committed(
    client: Client, opened: OpenedTap, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[dict[str, Any]] = []
    monkeypatch.setattr(
        this_process().publisher, "publish", lambda *events: published.extend(events)
    )
    post(client, opened, body(opened))
    assert [event["call"]["state"] for event in published] == ["tapping"]


def test_an_answer_names_no_secret(client: Client, opened: OpenedTap) -> None:
    raw = json.dumps(body(opened)).encode()
    good = signature(opened.status_url, raw)
    for headers in ({"X-SignalWire-Signature": good}, {"X-SignalWire-Signature": "0" * 40}):
        text = post(client, opened, raw, **headers).content.decode()
        assert good not in text
        assert opened.status_url.split("/")[4] not in text
