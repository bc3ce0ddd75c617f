"""A PauseFollower has media follow the pauses that other processes ordered."""

from __future__ import annotations

import datetime
import json
import uuid
from unittest.mock import Mock

import pytest
from django.contrib.auth.models import User

from monitor.models import CallPause
from monitor.services import pauses
from monitor.services.descriptions import current_calls
from monitor.services.taps import OpenedTap
from monitor.workers.pause_follower import PauseFollower

Followed = list[tuple[uuid.UUID, datetime.datetime | None]]


@pytest.fixture
def followed() -> Followed:
    return []


@pytest.fixture
def follower(followed: Followed) -> PauseFollower:
    return PauseFollower(Mock(), lambda tap, since: followed.append((tap, since)))


def event(opened: OpenedTap) -> bytes:
    """Return the event of the call as it is now."""
    [call] = current_calls()
    return json.dumps({"type": "call", "call": call}).encode()


def test_media_follows_a_pause_and_its_end(
    follower: PauseFollower, followed: Followed, opened: OpenedTap, alice: User
) -> None:
    follower._on_entry(event(opened))
    assert followed == []
    pauses.pause(alice, opened.tap.call_id)
    follower._on_entry(event(opened))
    pauses.resume(alice, opened.tap.call_id)
    follower._on_entry(event(opened))
    began_at = CallPause.objects.get().began_at
    assert followed == [(opened.tap.pk, began_at), (opened.tap.pk, None)]


def test_an_older_description_that_comes_late_is_ignored(
    follower: PauseFollower, followed: Followed, opened: OpenedTap, alice: User
) -> None:
    pauses.pause(alice, opened.tap.call_id)
    paused = event(opened)
    pauses.resume(alice, opened.tap.call_id)
    follower._on_entry(event(opened))
    follower._on_entry(paused)
    assert followed == [(opened.tap.pk, None)]


def test_calls_that_are_over_are_forgotten(
    follower: PauseFollower, opened: OpenedTap, alice: User
) -> None:
    pauses.pause(alice, opened.tap.call_id)
    follower._on_entry(event(opened))
    call = json.loads(event(opened))
    call["call"]["over"] = True
    follower._on_entry(json.dumps(call).encode())
    assert not follower._changes


def test_events_of_other_kinds_are_ignored(follower: PauseFollower, followed: Followed) -> None:
    follower._on_entry(b'{"type": "stall", "tap": "x", "stalled": true}')
    assert followed == []
