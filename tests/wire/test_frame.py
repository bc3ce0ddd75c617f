"""A Frame is a header of 16 bytes and s16le, here as in static/js/wire/frame.js."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.wire import frame
from monitor.wire.frame import Flag, Leg

SAMPLE: list[dict[str, Any]] = json.loads(Path(__file__).with_name("frame-sample.json").read_text())
GOOD = frame.pack(Leg.SPEAK, Flag.GAP, 480, 1_790_000_000_000_000, b"\x01\x00\xff\x7f")


@pytest.mark.parametrize("row", SAMPLE)
def test_a_frame_of_the_sample_file_reads_as_the_file_says(row: dict[str, Any]) -> None:
    data = bytes.fromhex(row["hex"])
    assert frame.unpack_header(data) == (
        row["leg"],
        row["flags"],
        row["position"],
        row["received_at"],
    )
    count = frame.sample_count(data)
    assert list(struct.unpack(f"<{count}h", frame.samples(data))) == row["samples"]


@pytest.mark.parametrize("row", SAMPLE)
def test_the_values_of_the_sample_file_make_its_bytes(row: dict[str, Any]) -> None:
    pcm = struct.pack(f"<{len(row['samples'])}h", *row["samples"])
    leg, flags = Leg(row["leg"]), Flag(row["flags"])
    made = frame.pack(leg, flags, row["position"], row["received_at"], pcm)
    assert made.hex() == row["hex"]


def test_the_sample_file_has_every_leg_and_every_flag() -> None:
    assert {row["leg"] for row in SAMPLE} == set(Leg)
    assert {flag for flag in Flag for row in SAMPLE if row["flags"] & flag} == set(Flag)


def test_each_field_lies_where_the_design_says() -> None:
    """They are version, leg, flags (u16), position (u32) and received_at (u64), little-endian."""
    data = frame.pack(Leg.LISTEN, Flag.CONCEALED, 0x01020304, 0x0102030405060708, b"\x0a\x0b")
    assert data.hex(" ") == "01 02 04 00 04 03 02 01 08 07 06 05 04 03 02 01 0a 0b"


@pytest.mark.parametrize("size", range(frame.HEADER_SIZE))
def test_fewer_bytes_than_a_header_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match=rf"^frame of {size} bytes is shorter than its 16-byte"):
        frame.unpack_header(GOOD[:size])


@pytest.mark.parametrize("version", [0, 2, 255])
def test_another_version_is_refused(version: int) -> None:
    with pytest.raises(ValueError, match=rf"^frame version {version} is unknown; .* version 1$"):
        frame.unpack_header(bytes([version]) + GOOD[1:])


@pytest.mark.parametrize("leg", [3, 255])
def test_an_unknown_leg_is_refused(leg: int) -> None:
    with pytest.raises(ValueError, match=rf"^frame leg {leg} is unknown; it is 0, 1 or 2$"):
        frame.unpack_header(GOOD[:1] + bytes([leg]) + GOOD[2:])


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^frame ends in half a sample$"):
        frame.unpack_header(GOOD + b"\x00")


def test_a_frame_of_no_samples_is_whole() -> None:
    assert frame.unpack_header(GOOD[:16]).position == 480
    assert frame.sample_count(GOOD[:16]) == 0


@pytest.mark.parametrize(
    ("position", "sent"), [(0xFFFFFFFF, 0xFFFFFFFF), (1 << 32, 0), ((1 << 32) + 480, 480)]
)
def test_the_position_wraps_at_32_bits(position: int, sent: int) -> None:
    assert frame.unpack_header(frame.pack(Leg.BOTH, Flag.NONE, position, 0, b"")).position == sent


def test_a_flag_is_added_and_nothing_else_changes() -> None:
    masked = frame.with_flags(GOOD, Flag.MASKED)
    assert frame.unpack_header(masked).flags == Flag.GAP | Flag.MASKED
    assert masked[:2] + masked[4:] == GOOD[:2] + GOOD[4:]


def test_a_flag_that_is_set_stays_set_once() -> None:
    assert frame.with_flags(GOOD, Flag.GAP) == GOOD


def test_flags_of_a_later_version_are_kept() -> None:
    later = GOOD[:2] + b"\x00\x80" + GOOD[4:]
    assert frame.unpack_header(frame.with_flags(later, Flag.GAP)).flags == 0x8001


@given(
    st.sampled_from(Leg),
    st.integers(0, 7),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, (1 << 64) - 1),
    st.binary(max_size=64).map(lambda data: data[: len(data) // 2 * 2]),
)
def test_a_packed_frame_is_unpacked_to_the_same_values(
    leg: Leg, flags: int, position: int, received_at: int, pcm: bytes
) -> None:
    data = frame.pack(leg, Flag(flags), position, received_at, pcm)
    assert frame.unpack_header(data) == (leg, flags, position, received_at)
    assert frame.samples(data) == pcm


@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda tail: b"\x01\x01" + tail))
@example(GOOD)
def test_any_bytes_are_refused_or_repacked_as_they_were(data: bytes) -> None:
    try:
        header = frame.unpack_header(data)
    except ValueError:
        return
    assert frame.pack(*header, frame.samples(data)) == data
