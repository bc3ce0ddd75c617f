"""An outbox writes what was collected in a block at the block's end, and in order."""

from __future__ import annotations

import pytest

from monitor.wire.fast_path import Outbox, Write


def noted(done: list[str], who: str) -> Write:
    return lambda data: done.append(f"{who} {data.decode()}")


def test_a_write_outside_a_block_happens_at_once() -> None:
    done: list[str] = []
    Outbox().write([noted(done, "a")], b"1")
    assert done == ["a 1"]


def test_writes_in_a_block_happen_in_order_when_it_ends() -> None:
    done: list[str] = []
    one = Outbox()
    with one:
        for word in (b"1", b"2"):
            one.write([noted(done, "a"), noted(done, "b")], word)
        assert done == []
    assert done == ["a 1", "b 1", "a 2", "b 2"]


def test_what_goes_to_the_same_sockets_in_a_row_is_written_at_once() -> None:
    done: list[str] = []
    some, others = [noted(done, "a"), noted(done, "b")], [noted(done, "a")]
    one = Outbox()
    with one:
        for writes, word in ((some, b"1"), (some, b"2"), (others, b"3"), (some, b"4")):
            one.write(writes, word)
    assert done == ["a 12", "b 12", "a 3", "a 4", "b 4"]


def test_a_block_writes_once_and_later_writes_happen_at_once() -> None:
    done: list[str] = []
    one = Outbox()
    with one:
        one.write([noted(done, "a")], b"1")
    with one:
        pass
    one.write([noted(done, "a")], b"2")
    assert done == ["a 1", "a 2"]


def test_a_failed_write_is_logged_and_stops_no_other(
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


def test_a_block_that_raises_still_writes_what_came_before() -> None:
    done: list[str] = []
    one = Outbox()

    def fail() -> None:
        with one:
            one.write([noted(done, "a")], b"1")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert done == ["a 1"]
