"""An RTP tap takes the packets of one sender. The clock is a number, the writer a list."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from monitor.audio.g711 import SAMPLE_RATE
from monitor.audio.rtp import sender_pin
from monitor.audio.rtp.packet import RtpPacket
from monitor.wire.frame import Flag, unpack_header
from tests.support.rtp_sender import FIRST, OTHER, SAMPLES, Talk, lease, pcm
from tests.support.streams import Clock

SENDER_REPORT = b"\x80\xc8" + bytes(26)


def test_nobody_else_is_heard_while_the_sender_speaks(talk: Talk) -> None:
    for _ in range(30):
        talk.say(FIRST, b"\x10")
        talk.say(OTHER, b"\x20")
    assert talk.writer.pcm == pcm((b"\x10", 30))
    assert talk.figure("strangers") == 30


def test_another_sender_takes_over_after_3_s_of_silence_and_a_gap(talk: Talk) -> None:
    talk.say(FIRST, b"\x10", 30)
    talk.clock.now += 2.9
    talk.say(OTHER, b"\x20")
    assert talk.figure("strangers") == 1
    talk.clock.now += 0.2
    talk.say(OTHER, b"\x20", 30)
    talk.say(FIRST, b"\x10")
    assert talk.writer.pcm == pcm((b"\x10", 30), (b"\x20", 30))
    assert [sent.position for sent in talk.writer.sent if sent.flags & Flag.GAP] == [30 * SAMPLES]
    assert talk.figure("received") == 60
    assert talk.figure("strangers") == 2


@pytest.mark.parametrize(
    ("payload_type", "figure"), [(13, "comfort_noise"), (101, "events"), (111, "unknown")]
)
def test_only_audio_makes_a_sender(talk: Talk, payload_type: int, figure: str) -> None:
    """Without a sender, packets are counted by their kind, and none is a stranger's."""
    talk.say(OTHER, b"\x20", 5, payload_type=payload_type)
    talk.say(FIRST, b"\x10", 30)
    assert talk.writer.pcm == pcm((b"\x10", 30))
    assert (talk.figure(figure), talk.figure("strangers")) == (5, 0)
    assert (talk.figure("received"), talk.figure("lost")) == (35, 0)


def test_nobody_else_is_the_sender_where_signalwire_names_its_address(clock: Clock) -> None:
    talk = Talk(clock, lease(source=FIRST))
    talk.say(OTHER, b"\x20", 5)
    talk.say(FIRST, b"\x10", 30)
    assert talk.writer.pcm == pcm((b"\x10", 30))
    assert talk.figure("strangers") == 5


def test_a_wrong_sender_is_dropped_as_soon_as_signalwire_names_its_address(talk: Talk) -> None:
    talk.say(OTHER, b"\x20", 30)
    talk.tap.expect_from(FIRST)
    talk.say(OTHER, b"\x20")
    talk.say(FIRST, b"\x10", 30)
    assert talk.writer.pcm == pcm((b"\x20", 30), (b"\x10", 30))
    assert [sent.position for sent in talk.writer.sent if sent.flags & Flag.GAP] == [30 * SAMPLES]


def test_one_packet_makes_no_sender(talk: Talk) -> None:
    talk.say(OTHER, b"\x20")
    talk.say(FIRST, b"\x10", 30)
    assert talk.writer.pcm == pcm((b"\x10", 30))
    assert talk.figure("strangers") == 1


def test_packets_out_of_sequence_make_no_sender(talk: Talk) -> None:
    for ssrc in range(100):
        talk.clock.now += 0.02
        stray = RtpPacket(0, 7 * ssrc, 0, ssrc, b"\x20" * SAMPLES)
        talk.port.datagram_received(stray.serialize(), OTHER)
    talk.say(FIRST, b"\x10", 30)
    assert talk.writer.pcm == pcm((b"\x10", 30))
    assert len(talk.tap.pin._candidates) <= sender_pin.CANDIDATES


def test_packets_of_an_unknown_type_do_not_keep_a_tap_alive(talk: Talk) -> None:
    talk.say(FIRST, b"\x10", 30)
    talk.say(FIRST, b"\x20", 160, payload_type=111)
    assert talk.stream.stalled
    assert talk.figure("unknown") == 160


@pytest.mark.parametrize("payload_type", [13, 19])
def test_a_sender_that_announces_its_silence_is_alive(talk: Talk, payload_type: int) -> None:
    talk.say(FIRST, b"\x10", 30)
    talk.say(FIRST, b"\x40", 160, payload_type=payload_type)
    assert not talk.stream.stalled
    assert talk.figure("comfort_noise") == 160


def test_rtcp_and_noise_make_no_sender(talk: Talk) -> None:
    talk.port.datagram_received(SENDER_REPORT, OTHER)
    talk.port.datagram_received(b"\x80\xcb\x00\x01", OTHER)  # a goodbye, shorter than RTP's header
    talk.port.datagram_received(b"what is this", OTHER)
    talk.say(FIRST, b"\x10", 30)
    assert talk.writer.pcm == pcm((b"\x10", 30))
    assert (talk.figure("malformed"), talk.figure("strangers")) == (1, 0)


def test_a_flood_gives_up_the_media_and_is_not_taken_again_at_once(talk: Talk) -> None:
    begin = Mock()
    talk.intake.writes.begin = begin
    talk.clock.now += 1
    for number in range(70 * 50):
        packet = RtpPacket(0, number, number * SAMPLES, 1, b"\x10" * SAMPLES)
        talk.port.datagram_received(packet.serialize(), FIRST)
        if begin.called:
            break
    [closing] = begin.call_args.args
    closing.close()
    talk.tap.media.stream, talk.tap.media._job = None, None
    talk.say(FIRST, b"\x10", 10)
    begin.assert_called_once()


def test_the_wait_for_a_lost_packet_is_no_part_of_when_a_frame_was_received(talk: Talk) -> None:
    talk.say(FIRST, b"\x10", 31)
    lose_one(talk)
    talk.say(FIRST, b"\x10")  # the last of three packets in a Frame
    came = talk.clock.now
    assert len(talk.writer.sent) == 10
    talk.say(FIRST, b"\x10")  # 40 ms after the lost one was due
    assert len(talk.writer.sent) == 11
    assert received_at(talk) == pytest.approx(came, abs=1e-5)


def lose_one(talk: Talk) -> None:
    talk.clock.now += SAMPLES / SAMPLE_RATE
    talk._numbers[FIRST] += 1


def received_at(talk: Talk) -> float:
    return unpack_header(talk.writer.sent[-1].data).received_at / 1e6
