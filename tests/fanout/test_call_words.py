"""What is said in a call goes to the listeners of that call, with a real reader and Valkey."""

from __future__ import annotations

import json

import pytest
import redis

from monitor.bus.keys import WORDS
from monitor.bus.reader import StreamReader
from monitor.fanout.call_words import CallWords
from tests.support.reader import put_aside
from tests.support.waiting import until


@pytest.fixture
def words(reader: StreamReader) -> CallWords:
    return CallWords(reader)


def say(store: redis.Redis, call: str) -> str:
    message = json.dumps({"type": "words", "call": call, "lines": []})
    store.xadd(WORDS, {"j": message})
    return message


async def test_each_listener_gets_what_is_said_in_its_call(
    words: CallWords, reader: StreamReader, store: redis.Redis
) -> None:
    first, second, other = list[str](), list[str](), list[str]()
    await words.follow("1", first.append)
    await words.follow("1", second.append)
    await words.follow("2", other.append)
    assert reader.subscriptions == 1
    said = [say(store, call) for call in ("1", "3", "2")]
    await until(lambda: bool(other))
    assert (first, second, other) == ([said[0]], [said[0]], [said[2]])
    words.unfollow("1", second.append)
    said.append(say(store, "1"))
    await until(lambda: len(first) == 2)
    assert (first, second) == ([said[0], said[3]], [said[0]])
    words.unfollow("1", first.append)
    words.unfollow("2", other.append)
    assert reader.subscriptions == 0


async def test_a_listener_that_was_refused_leaves_nothing(
    words: CallWords, reader: StreamReader, store: redis.Redis
) -> None:
    first, refused = list[str](), list[str]()
    await words.follow("1", first.append)
    await put_aside(reader, store, WORDS)
    with pytest.raises(redis.ResponseError):
        await words.follow("1", refused.append)
    words.unfollow("1", refused.append)
    words.unfollow("1", first.append)
    words.unfollow("", first.append)  # the socket was closed before its call was known
    assert reader.subscriptions == 0
