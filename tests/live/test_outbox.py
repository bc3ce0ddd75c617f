"""The outbox: what is written together is written after all the rest, and in order."""

from __future__ import annotations

import pytest

from monitor.direct import Outbox, Put


def noted(done: list[str], who: str) -> Put:
    return lambda data: done.append(f"{who} {data.decode()}")


def test_what_is_written_alone_is_written_at_once() -> None:
    done: list[str] = []
    Outbox().write([noted(done, "a")], b"1")
    assert done == ["a 1"]


def test_what_is_written_in_a_block_is_written_when_it_ends_in_order() -> None:
    done: list[str] = []
    one = Outbox()
    with one:
        for word in (b"1", b"2"):
            one.write([noted(done, "a"), noted(done, "b")], word)
        assert done == []
    assert done == ["a 1", "b 1", "a 2", "b 2"]


def test_nothing_is_written_twice_and_after_a_block_all_is_as_before() -> None:
    done: list[str] = []
    one = Outbox()
    with one:
        one.write([noted(done, "a")], b"1")
    with one:
        pass
    one.write([noted(done, "a")], b"2")
    assert done == ["a 1", "a 2"]


def test_a_socket_that_cannot_be_written_is_logged_and_stops_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done: list[str] = []
    one = Outbox()

    def gone(data: bytes) -> None:
        raise RuntimeError("the handle is closed")

    with one:
        one.write([gone, noted(done, "b")], b"1")
    assert done == ["b 1"]
    assert "the handle is closed" in caplog.text


def test_a_block_that_fails_has_written_what_came_before() -> None:
    done: list[str] = []
    one = Outbox()

    def fail() -> None:
        with one:
            one.write([noted(done, "a")], b"1")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert done == ["a 1"]
