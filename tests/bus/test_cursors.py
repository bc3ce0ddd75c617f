"""Cursors packs the XREAD of many streams by hand, just as a library would pack it."""

from __future__ import annotations

from collections.abc import Callable

import hiredis

from monitor.bus.cursors import Cursors


def packed(*words: str | int) -> bytes:
    pack: Callable[..., bytes] = hiredis.pack_command  # whose stub allows for one word only
    return pack(words)


def one_lane(key: str) -> int:
    return 0


def test_the_command_is_packed_as_the_library_packs_it() -> None:
    cursors = Cursors(one_lane)
    cursors.begin("one", b"0-0")
    cursors.begin("tap:{é}:audio", b"480-1")
    options = ("XREAD", "COUNT", 64, "BLOCK", 1000, "STREAMS")
    assert cursors.command(0, 64, 1000) == packed(*options, "one", "tap:{é}:audio", "0-0", "480-1")


def test_keys_and_ids_stay_paired_when_streams_move_or_are_dropped() -> None:
    cursors = Cursors(one_lane)
    for name in ("one", "two", "three"):
        cursors.begin(name, b"0-0")
    cursors.move("three", b"3-1")
    cursors.drop("one")
    cursors.move("two", b"2-1")
    cursors.begin("one", b"1-1")
    options = ("XREAD", "COUNT", 1, "BLOCK", 1, "STREAMS")
    expected = packed(*options, "two", "three", "one", "2-1", "3-1", "1-1")
    assert cursors.command(0, 1, 1) == expected


def test_beginning_a_stream_twice_keeps_its_last_id() -> None:
    cursors = Cursors(one_lane)
    cursors.begin("one", b"5-1")
    cursors.begin("one", b"0-0")
    assert cursors.last("one") == b"5-1"
    cursors.drop("one")
    cursors.drop("one")
    assert cursors.last("one") is None
    assert len(cursors) == 0


def test_a_stream_is_fresh_until_the_next_command() -> None:
    cursors = Cursors(one_lane)
    cursors.begin("one", b"0-0")
    assert cursors.is_fresh("one")
    cursors.command(0, 1, 1)
    assert not cursors.is_fresh("one")
    cursors.drop("one")
    cursors.begin("one", b"5-1")
    assert cursors.is_fresh("one")
    cursors.drop("one")
    assert not cursors.is_fresh("one")


def test_each_lane_has_a_command_that_names_its_streams_only() -> None:
    cursors = Cursors(len)
    for name in ("a", "bb", "c"):
        cursors.begin(name, b"0-0")
    assert list(cursors.lanes) == [1, 2]
    assert cursors.command(2, 64, None) == packed("XREAD", "COUNT", 64, "STREAMS", "bb", "0-0")
    assert (cursors.is_fresh("a"), cursors.is_fresh("bb")) == (True, False)
    assert cursors.of(1) == ("a", "c")
    for name in ("a", "c"):
        cursors.drop(name)
    assert list(cursors.lanes) == [2]
    assert cursors.of(1) == ()
