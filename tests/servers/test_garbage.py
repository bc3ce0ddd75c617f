"""The collector, which stops every socket while it looks: it has no cause to on the audio path."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import hiredis
import pytest

from monitor.servers.garbage import settle_garbage

ENTRY = b"*2\r\n$5\r\n480-1\r\n*2\r\n$1\r\nf\r\n$3\r\n...\r\n"
STREAMS = 500
ANSWER = b"*%d\r\n" % STREAMS + (b"*2\r\n$3\r\ntap\r\n*1\r\n" + ENTRY) * STREAMS


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """As Python has it, before and after."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def collections_while_reading() -> list[int]:
    """How often each generation was looked through for 100 answers of 500 streams."""
    before = [one["collections"] for one in gc.get_stats()]
    for _ in range(100):
        parser = hiredis.Reader()
        parser.feed(ANSWER)
        assert len(parser.gets()) == STREAMS
    return [one["collections"] - was for one, was in zip(gc.get_stats(), before, strict=True)]


def test_answers_of_redis_are_no_cause() -> None:
    settle_garbage()
    assert collections_while_reading() == [0, 0, 0]


def test_they_would_be_with_pythons_own_thresholds() -> None:
    gc.set_threshold(700, 10, 10)
    youngest, middle, _ = collections_while_reading()
    assert youngest >= 100
    assert middle >= 10
