"""Whose packets an RTP tap's are. The clock is a number, the writer a list; no socket is open."""

from __future__ import annotations

import uuid
from unittest.mock import Mock

import pytest

from monitor.audio import g711, pin
from monitor.audio.frame import Flag
from monitor.audio.rtp import RtpPacket
from monitor.leases import Held
from monitor.live import rtp, stream
from monitor.live.rtp import RtpTap
from monitor.live.stream import PacketStream
from monitor.models import Tap
from tests.live.test_stream import Clock, Recorder

SAMPLES = 160  # of a packet, 20 ms
FIRST, OTHER = ("192.0.2.1", 5004), ("192.0.2.9", 5004)
SENDER_REPORT = b"\x80\xc8" + bytes(26)


class Talk:
    """A tap whose media is open, and what is sent to it."""

    def __init__(self, clock: Clock, lease: Held) -> None:
        self.clock = clock
        self.writer = Recorder()
        self.tap = RtpTap(Mock(), lease)
        self.stream = PacketStream(uuid.uuid4(), "both", self.writer)
        self.tap._stream = self.stream
        self.tap._record.opened(Tap(codec="PCMU"))
        self.notes: list[str] = []
        self.tap._record.note = self.notes.append  # type: ignore[method-assign]
        self._numbers = {FIRST: 0, OTHER: 40_000}

    def say(
        self,
        address: tuple[str, int],
        audio: bytes,
        packets: int = 1,
        *,
        payload_type: int = 0,
        samples: int = SAMPLES,
    ) -> None:
        """Send packets in real time."""
        for _ in range(packets):
            self.clock.now += samples / g711.SAMPLE_RATE
            number = self._numbers.setdefault(address, 0)
            self._numbers[address] += 1
            packet = RtpPacket(payload_type, number, number * samples, 1, audio * samples)
            self.tap.datagram_received(packet.serialize(), address)

    def heard(self) -> bytes:
        """All that a listener would hear: s16le."""
        self.stream.flush()
        return self.writer.pcm

    def figure(self, name: str) -> float:
        return self.tap.figures()[name]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(stream, "time", clock)
    monkeypatch.setattr(rtp, "time", clock)
    return clock


def lease(source: tuple[str, int] | None = None) -> Held:
    addr, port = source or (None, None)
    return Held(1, 20_000, uuid.uuid4(), "tapping", addr, port, None)


@pytest.fixture
def talk(clock: Clock) -> Talk:
    return Talk(clock, lease())


def pcm(*parts: tuple[bytes, int]) -> bytes:
    return b"".join(g711.decode("PCMU", audio * SAMPLES * packets) for audio, packets in parts)


def test_while_its_sender_speaks_nobody_else_is_heard(talk: Talk) -> None:
    for _ in range(30):
        talk.say(FIRST, b"\x10")
        talk.say(OTHER, b"\x20")
    assert talk.writer.pcm == pcm((b"\x10", 30))
    assert talk.figure("strangers") == 30


def test_when_its_sender_was_silent_for_3_s_another_takes_over_behind_a_gap(talk: Talk) -> None:
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
    """While there is none, what comes is counted for what it is, and nobody is a stranger."""
    talk.say(OTHER, b"\x20", 5, payload_type=payload_type)
    talk.say(FIRST, b"\x10", 30)
    assert talk.writer.pcm == pcm((b"\x10", 30))
    assert (talk.figure(figure), talk.figure("strangers")) == (5, 0)
    assert (talk.figure("received"), talk.figure("lost")) == (35, 0)


def test_where_signalwire_says_whence_it_sends_nobody_else_is_its_sender(clock: Clock) -> None:
    talk = Talk(clock, lease(source=FIRST))
    talk.say(OTHER, b"\x20", 5)
    talk.say(FIRST, b"\x10", 30)
    assert talk.writer.pcm == pcm((b"\x10", 30))
    assert talk.figure("strangers") == 5


def test_when_signalwire_says_so_late_the_wrong_sender_is_dropped_at_once(talk: Talk) -> None:
    talk.say(OTHER, b"\x20", 30)
    talk.tap.tell(FIRST)
    talk.say(OTHER, b"\x20")
    talk.say(FIRST, b"\x10", 30)
    assert talk.writer.pcm == pcm((b"\x20", 30), (b"\x10", 30))
    assert [sent.position for sent in talk.writer.sent if sent.flags & Flag.GAP] == [30 * SAMPLES]


def test_one_packet_makes_no_sender(talk: Talk) -> None:
    talk.say(OTHER, b"\x20")
    talk.say(FIRST, b"\x10", 30)
    assert talk.writer.pcm == pcm((b"\x10", 30))
    assert talk.figure("strangers") == 1


def test_nor_do_packets_without_a_sequence_however_many(talk: Talk) -> None:
    for ssrc in range(100):
        talk.clock.now += 0.02
        stray = RtpPacket(0, 7 * ssrc, 0, ssrc, b"\x20" * SAMPLES)
        talk.tap.datagram_received(stray.serialize(), OTHER)
    talk.say(FIRST, b"\x10", 30)
    assert talk.writer.pcm == pcm((b"\x10", 30))
    assert len(talk.tap._pin._candidates) <= pin.CANDIDATES


def test_packets_of_an_unknown_type_do_not_keep_a_tap_alive(talk: Talk) -> None:
    talk.say(FIRST, b"\x10", 30)
    talk.say(FIRST, b"\x20", 160, payload_type=111)
    assert talk.stream.stalled
    assert talk.figure("unknown") == 160


@pytest.mark.parametrize("payload_type", [13, 19])
def test_a_sender_that_tells_of_its_silence_lives(talk: Talk, payload_type: int) -> None:
    talk.say(FIRST, b"\x10", 30)
    talk.say(FIRST, b"\x40", 160, payload_type=payload_type)
    assert not talk.stream.stalled
    assert talk.figure("comfort_noise") == 160


def test_rtcp_and_noise_are_nobodys(talk: Talk) -> None:
    talk.tap.datagram_received(SENDER_REPORT, OTHER)
    talk.tap.datagram_received(b"\x80\xcb\x00\x01", OTHER)  # a goodbye, shorter than RTP's header
    talk.tap.datagram_received(b"what is this", OTHER)
    talk.say(FIRST, b"\x10", 30)
    assert talk.writer.pcm == pcm((b"\x10", 30))
    assert (talk.figure("malformed"), talk.figure("strangers")) == (1, 0)


def test_a_flood_gives_the_media_up_and_is_not_taken_again_at_once(talk: Talk) -> None:
    begin = Mock()
    talk.tap._runtime.writes.begin = begin
    talk.clock.now += 1
    for number in range(70 * 50):
        packet = RtpPacket(0, number, number * SAMPLES, 1, b"\x10" * SAMPLES)
        talk.tap.datagram_received(packet.serialize(), FIRST)
        if begin.called:
            break
    [closing] = begin.call_args.args
    closing.close()
    talk.tap._stream, talk.tap._job = None, None
    talk.say(FIRST, b"\x10", 10)
    begin.assert_called_once()
