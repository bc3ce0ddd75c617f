"""A message goes to those who follow what it is about, with a real reader and Valkey."""

from __future__ import annotations

import json

import pytest
import redis

from monitor.bus.keys import EVENTS, WORDS
from monitor.bus.reader import StreamReader
from monitor.fanout.followers import Followers, Message, OnMessage, call_words, tap_events
from tests.support.reader import put_aside
from tests.support.waiting import until


@pytest.fixture
def words(reader: StreamReader) -> Followers:
    return call_words(reader)


def say(store: redis.Redis, call: str) -> str:
    message = json.dumps({"type": "words", "call": call, "lines": []})
    store.xadd(WORDS, {"j": message})
    return message


def into(received: list[str]) -> OnMessage:
    """Return what keeps each message, as it came."""

    def keep(_: Message, message: bytes) -> None:
        received.append(message.decode())

    return keep


async def test_each_listener_gets_what_is_said_in_its_call(
    words: Followers, reader: StreamReader, store: redis.Redis
) -> None:
    first, second, other = list[str](), list[str](), list[str]()
    to_first, to_second, to_other = map(into, (first, second, other))
    await words.follow("1", to_first)
    await words.follow("1", to_second)
    await words.follow("2", to_other)
    assert reader.subscriptions == 1
    said = [say(store, call) for call in ("1", "3", "2")]
    await until(lambda: bool(other))
    assert (first, second, other) == ([said[0]], [said[0]], [said[2]])
    words.unfollow("1", to_second)
    said.append(say(store, "1"))
    await until(lambda: len(first) == 2)
    assert (first, second) == ([said[0], said[3]], [said[0]])
    words.unfollow("1", to_first)
    words.unfollow("2", to_other)
    assert reader.subscriptions == 0


async def test_the_listener_of_a_leg_gets_the_events_of_its_call_and_the_stalls_of_that_leg(
    reader: StreamReader, store: redis.Redis
) -> None:
    received: list[Message] = []
    events = tap_events(reader)
    await events.follow("mine", lambda event, _: received.append(event))
    both = {"type": "call", "call": {"legs": [{"id": "other"}, {"id": "mine"}]}}
    stall = {"type": "stall", "tap": "mine", "stalled": True}
    theirs = [
        {"type": "call", "call": {"legs": [{"id": "other"}]}},
        {"type": "stall", "tap": "other", "stalled": True},
        {"type": "attention", "watched": True},
    ]
    for event in (*theirs, both, stall):
        store.xadd(EVENTS, {"j": json.dumps(event)})
    await until(lambda: len(received) >= 2)
    assert received == [both, stall]


async def test_a_listener_that_was_refused_leaves_nothing(
    words: Followers, reader: StreamReader, store: redis.Redis
) -> None:
    first, refused = into([]), into([])
    await words.follow("1", first)
    await put_aside(reader, store, WORDS)
    with pytest.raises(redis.ResponseError):
        await words.follow("1", refused)
    words.unfollow("1", refused)
    words.unfollow("1", first)
    words.unfollow("", first)  # the socket was closed before its call was known
    assert reader.subscriptions == 0
