"""RTP datagrams are read as RFC 3550 draws them, and their numbers wrap."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.audio.rtp import sequence
from monitor.audio.rtp.packet import PAYLOAD_TYPES, RtpPacket, is_rtcp
from monitor.audio.rtp.sequence import Sequence

SILENCE = b"\xff" * 160
PLAIN = bytes.fromhex("80 00 0001 00000002 00000003") + SILENCE
#: Padding, an extension of one word, two CSRCs, the marker and payload type 8, by hand.
FULL = (
    bytes.fromhex("b2 88 ffff fffffffe 01020304")
    + bytes.fromhex("0000000a 0000000b")
    + bytes.fromhex("bede 0001 10aa0000")
    + b"audio"
    + bytes.fromhex("00 00 03")
)


def test_a_plain_packet_is_read() -> None:
    packet = RtpPacket.parse(PLAIN)
    assert packet == RtpPacket(0, sequence_number=1, timestamp=2, ssrc=3, payload=SILENCE)
    assert packet.serialize() == PLAIN


def test_a_packet_with_everything_is_read() -> None:
    packet = RtpPacket.parse(FULL)
    assert packet.payload_type == 8
    assert packet.marker
    assert packet.sequence_number == 0xFFFF
    assert packet.timestamp == 0xFFFFFFFE
    assert packet.ssrc == 0x01020304
    assert packet.csrc == (10, 11)
    assert packet.extension == bytes.fromhex("bede 0001 10aa0000")
    assert packet.payload == b"audio"
    assert packet.padding == 3
    assert packet.serialize() == FULL


def test_a_packet_without_a_payload_is_whole() -> None:
    assert RtpPacket.parse(PLAIN[:12]).payload == b""


def test_a_packet_of_nothing_but_padding_is_whole() -> None:
    packet = RtpPacket.parse(b"\xa0" + PLAIN[1:12] + bytes([0, 0, 3]))
    assert (packet.payload, packet.padding) == (b"", 3)


@pytest.mark.parametrize("marker", [False, True])
def test_the_marker_is_no_part_of_the_payload_type(marker: bool) -> None:
    packet = RtpPacket(101, 1, 2, 3, marker=marker)
    assert RtpPacket.parse(packet.serialize()) == packet


def test_a_packet_is_shown_without_its_audio() -> None:
    shown = repr(RtpPacket.parse(PLAIN))
    assert shown == "RtpPacket(ssrc=00000003, seq=1, ts=2, pt=0, marker=0, 160 bytes)"


@pytest.mark.parametrize(
    ("datagram", "says"),
    [
        (b"", "RTP packet of 0 bytes is shorter than its header"),
        (PLAIN[:11], "RTP packet of 11 bytes is shorter than its header"),
        (b"\x00" + PLAIN[1:], "RTP version 0 is unknown; this is version 2"),
        (b"\x40" + PLAIN[1:], "RTP version 1 is unknown; this is version 2"),
        (b"\xc0" + PLAIN[1:], "RTP version 3 is unknown; this is version 2"),
        (b"\x81" + PLAIN[1:15], "RTP packet has a truncated list of 1 CSRCs"),
        (b"\x8f" + PLAIN[1:71], "RTP packet has a truncated list of 15 CSRCs"),
        (b"\x90" + PLAIN[1:12], "RTP packet has a truncated extension header"),
        (b"\x90" + PLAIN[1:12] + b"\0\0\0", "RTP packet has a truncated extension header"),
        (b"\x90" + PLAIN[1:12] + b"\0\0\0\2" + bytes(7), "RTP .* truncated extension of 12 bytes"),
        (b"\xa0" + PLAIN[1:12], "RTP packet has the padding bit and nothing to pad"),
        (b"\xa0" + PLAIN[1:12] + b"\0\0", "RTP packet has 0 of 2 bytes as padding"),
        (b"\xa0" + PLAIN[1:12] + b"\0\3", "RTP packet has 3 of 2 bytes as padding"),
    ],
)
def test_an_incomplete_packet_is_refused(datagram: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=f"^{says}$"):
        RtpPacket.parse(datagram)


@pytest.mark.parametrize("size", range(len(FULL) - len(b"audio") - 3))
def test_a_truncated_packet_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="RTP packet"):
        RtpPacket.parse(FULL[:size])


@pytest.mark.parametrize(
    "packet",
    [
        RtpPacket(128, 1, 2, 3),
        RtpPacket(-1, 1, 2, 3),
        RtpPacket(0, 0x10000, 2, 3),
        RtpPacket(0, 1, 1 << 32, 3),
        RtpPacket(0, 1, 2, -1),
        RtpPacket(0, 1, 2, 3, csrc=(1,) * 16),
        RtpPacket(0, 1, 2, 3, csrc=(1 << 32,)),
        RtpPacket(0, 1, 2, 3, padding=256),
    ],
)
def test_values_that_no_header_can_hold_are_refused(packet: RtpPacket) -> None:
    with pytest.raises(ValueError, match=r"RTP|byte"):
        packet.serialize()


PACKETS = st.builds(
    RtpPacket,
    payload_type=st.integers(0, 127),
    sequence_number=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    ssrc=st.integers(0, 0xFFFFFFFF),
    payload=st.binary(max_size=40),
    marker=st.booleans(),
    csrc=st.lists(st.integers(0, 0xFFFFFFFF), max_size=15).map(tuple),
    extension=st.integers(0, 3).map(lambda n: b"\xbe\xde" + bytes([0, n]) + b"word" * n)
    | st.just(b""),
    padding=st.integers(0, 255),
)


@settings(derandomize=True)
@given(PACKETS)
def test_a_serialized_packet_is_parsed_back(packet: RtpPacket) -> None:
    assert RtpPacket.parse(packet.serialize()) == packet


@settings(derandomize=True, max_examples=500)
@given(st.binary(max_size=80) | st.binary(max_size=80).map(lambda tail: b"\xbf" + tail))
@example(PLAIN)
@example(FULL)
def test_any_bytes_are_parsed_or_refused(datagram: bytes) -> None:
    is_rtcp(datagram)
    try:
        packet = RtpPacket.parse(datagram)
    except ValueError:
        return
    assert RtpPacket.parse(packet.serialize()) == packet
    assert len(packet.serialize()) == len(datagram)


@pytest.mark.parametrize("second", range(256))
def test_rtcp_is_recognized_by_its_second_byte(second: int) -> None:
    """RFC 5761 section 4: it is 192 to 223, where RTP has the marker and types 64 to 95."""
    assert is_rtcp(bytes([0x80, second, 0, 1]) + bytes(4)) == (192 <= second <= 223)


@pytest.mark.parametrize("datagram", [b"", b"\x80", b"\x00\xc8\x00\x01", b"\xc0\xc8\x00\x01"])
def test_a_datagram_of_another_version_is_no_rtcp(datagram: bytes) -> None:
    assert not is_rtcp(datagram)


def test_payload_types_are_those_of_rfc_3551_and_of_common_senders() -> None:
    kinds = {number: kind.value for number, kind in PAYLOAD_TYPES.items()}
    noise = "comfort noise"
    assert kinds == {0: "PCMU", 8: "PCMA", 13: noise, 19: noise, 101: "event"}


@pytest.mark.parametrize(
    ("a", "b", "ahead"),
    [(1, 0, 1), (0, 0, 0), (0, 1, -1), (0, 0xFFFF, 1), (0xFFFF, 0, -1), (0x8000, 0, -0x8000)],
)
def test_a_sequence_number_is_ahead_across_the_wrap(a: int, b: int, ahead: int) -> None:
    assert sequence.uint16_diff(a, b) == ahead
    assert sequence.uint16_add(b, ahead) == a


@pytest.mark.parametrize(
    ("a", "b", "ahead"),
    [(1, 0, 1), (0, 0xFFFFFFFF, 1), (100, 0xFFFFFFC4, 160), (0x80000000, 0, -0x80000000)],
)
def test_a_timestamp_is_ahead_across_the_wrap(a: int, b: int, ahead: int) -> None:
    assert sequence.uint32_diff(a, b) == ahead
    assert sequence.uint32_add(b, ahead) == a


@settings(derandomize=True)
@given(st.integers(0, 0xFFFFFFFF), st.integers(-0x8000, 0x7FFF))
def test_adding_and_taking_the_difference_are_inverse(number: int, ahead: int) -> None:
    assert sequence.uint32_diff(sequence.uint32_add(number, ahead), number) == ahead
    number &= 0xFFFF
    assert sequence.uint16_diff(sequence.uint16_add(number, ahead), number) == ahead


def test_a_sequence_is_extended_over_many_wraps() -> None:
    numbers = Sequence(65000)
    assert [numbers.extend(number & 0xFFFF) for number in range(65001, 300_000)] == list(
        range(65001, 300_000)
    )
    assert numbers.expected == 300_000 - 65000


def test_a_late_number_from_before_the_wrap_is_extended_backwards() -> None:
    numbers = Sequence(65535)
    assert numbers.extend(1) == 65537
    assert numbers.extend(65534) == 65534
    assert numbers.extend(0) == 65536
    assert numbers.highest == 65537


@pytest.mark.parametrize(
    ("number", "belongs"), [(3999, True), (4000, False), (901, True), (900, False), (33768, False)]
)
def test_a_leap_is_too_far_where_rfc_3550_says_so(number: int, belongs: bool) -> None:
    """The limits of appendix A.1 are MAX_DROPOUT, 3000 ahead, and MAX_MISORDER, 100 behind."""
    assert (Sequence(1000).extend(number) is not None) == belongs


def test_a_second_number_in_a_row_confirms_a_leap() -> None:
    numbers = Sequence(0)
    assert not numbers.resumes(30000)
    assert not numbers.resumes(40000)
    assert numbers.resumes(40001)


def test_a_number_is_a_duplicate_the_second_time_whatever_became_of_the_first() -> None:
    numbers = Sequence(10)
    numbers.finish(10)
    assert numbers.is_duplicate(10)
    for early in (12, 14):
        numbers.extend(early)
        assert not numbers.is_duplicate(early)
        assert numbers.is_duplicate(early)
    numbers.finish(12)  # 11 is given up
    assert not numbers.is_duplicate(11)
    assert numbers.is_duplicate(11)
    assert numbers.is_duplicate(12)
    assert not numbers.is_whole(14)
    assert not numbers.is_duplicate(13)
    assert numbers.is_whole(14)


def test_numbers_before_the_first_are_expected_once_one_comes() -> None:
    numbers = Sequence(10)
    numbers.finish(10)
    assert not numbers.is_duplicate(8)
    assert numbers.expected == 3
    assert not numbers.is_duplicate(9)
    assert numbers.is_duplicate(8)
    assert numbers.is_duplicate(9)
    assert numbers.is_duplicate(10)


def test_a_sequences_memory_is_bounded() -> None:
    numbers = Sequence(0)
    for number in range(0, 100_000, 2):  # half is lost
        for early in (number + 4, number + 6):
            numbers.extend(early & 0xFFFF)
            numbers.is_duplicate(early)
        numbers.finish(number)
    assert len(numbers._missing) <= sequence.MAX_MISORDER
    assert len(numbers.came) <= 3
