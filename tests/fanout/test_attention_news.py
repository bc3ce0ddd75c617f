"""Whether anybody judges the calls, as the consoles of a process are told, with a real Valkey."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import redis

from monitor.bus.keys import ATTENTION
from monitor.bus.lease import Lease
from monitor.bus.queries import Queries
from monitor.bus.reader import StreamReader
from monitor.bus.seconds import SecondsReader
from monitor.fanout.attention_news import AttentionNews
from monitor.fanout.audience import Subscriber
from monitor.fanout.call_agents import CallAgents
from monitor.fanout.consoles import Consoles
from monitor.fanout.strip_board import StripBoard
from monitor.fanout.words_delay import WordsDelay
from monitor.services.permissions import Scope, Sight
from monitor.telemetry.metrics import Metrics
from tests.support.bus import open_queries


@pytest.fixture
async def queries(store: redis.Redis) -> AsyncIterator[Queries]:
    async with open_queries() as queries:
        yield queries


@pytest.fixture
def judge(queries: Queries) -> Lease:
    """The lease in the hands of a process that judges."""
    return Lease(queries, ATTENTION)


@pytest.fixture
def consoles(reader: StreamReader, queries: Queries) -> Consoles:
    board = StripBoard(reader, SecondsReader(queries))
    return Consoles(reader, board, WordsDelay(Metrics().words_delay), CallAgents())


@pytest.fixture
def news(queries: Queries, consoles: Consoles) -> AttentionNews:
    return AttentionNews(Lease(queries, ATTENTION), consoles)


@pytest.fixture
def told(consoles: Consoles) -> list[bytes]:
    """What a console of the process is sent, which sees no call."""
    told: list[bytes] = []
    consoles.place(
        Subscriber(told.append), Sight(Scope(frozenset()), reads_words=False, full_numbers=True)
    )
    return told


def read(told: list[bytes]) -> list[bool]:
    messages = [json.loads(one) for one in told]
    assert all(one["type"] == "attention" for one in messages)
    return [one["watched"] for one in messages]


async def test_consoles_are_told_when_a_process_begins_to_judge_and_when_none_does_any_more(
    news: AttentionNews, judge: Lease, told: list[bytes]
) -> None:
    await news.look()
    await judge.hold()
    await news.look()
    await judge.release()
    await news.look()
    assert read(told) == [False, True, False]


async def test_they_are_told_nothing_while_nothing_changes(
    news: AttentionNews, judge: Lease, told: list[bytes]
) -> None:
    await judge.hold()
    await news.look()
    assert told == []
    await judge.release()
    for _ in range(3):
        await news.look()
    assert read(told) == [False]


async def test_nobody_is_known_to_judge_while_redis_is_away(
    news: AttentionNews, judge: Lease, told: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def is_held(self: Lease) -> bool:
        raise TimeoutError

    await judge.hold()
    await news.look()
    monkeypatch.setattr(Lease, "is_held", is_held)
    await news.look()
    assert read(told) == [False]
