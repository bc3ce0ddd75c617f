"""Who is heard when two send to one RTP tap. The clock is a number; no socket is open."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

import pytest

from monitor.audio.frame import Flag
from monitor.live import rtp, stream
from monitor.live.rtp import RtpTap
from tests.live.test_rtp_sender import FIRST, OTHER, SAMPLES, Talk, lease, pcm
from tests.live.test_stream import Clock

TRUE, STRANGER = b"\x10", b"\x20"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(stream, "time", clock)
    monkeypatch.setattr(rtp, "time", clock)
    return clock


@pytest.fixture
def talk(clock: Clock) -> Talk:
    return Talk(clock, lease())


def trickle(talk: Talk, seconds: int) -> None:
    """The stranger sends two packets a second, in sequence."""
    for _ in range(2 * seconds):
        talk.say(OTHER, STRANGER)
        talk.clock.now += 0.48


def both(talk: Talk, packets: int, every: int = 25) -> None:
    """The true sender in real time, and a packet of the stranger with one in so many."""
    for number in range(packets):
        talk.say(FIRST, TRUE)
        if number % every == 0:
            talk.clock.now -= 0.02
            talk.say(OTHER, STRANGER)


def test_a_sender_in_real_time_is_heard_though_a_trickle_came_before_it(talk: Talk) -> None:
    trickle(talk, seconds=10)
    both(talk, packets=100)
    heard = talk.heard()
    assert heard.endswith(pcm((TRUE, 70)))
    after = heard.index(pcm((TRUE, 1)))
    assert pcm((STRANGER, 1)) not in heard[after:]


def test_the_change_of_senders_is_told_with_a_gap_and_in_the_timeline(talk: Talk) -> None:
    trickle(talk, seconds=2)
    both(talk, packets=50)
    assert any(sent.flags & Flag.GAP for sent in talk.writer.sent)
    assert talk.notes == [
        "media comes from 192.0.2.1:5004 now: 192.0.2.9:5004 did not send in real time"
    ]


def test_a_sender_in_real_time_is_kept_against_another(talk: Talk) -> None:
    talk.say(FIRST, TRUE, 30)
    both(talk, packets=200, every=1)
    assert talk.heard() == pcm((TRUE, 230))
    assert talk.figure("strangers") == 200


def test_of_two_that_begin_at_once_the_first_is_kept(talk: Talk) -> None:
    both(talk, packets=200, every=1)
    assert talk.heard() == pcm((TRUE, 200))


def test_a_sender_that_was_in_real_time_keeps_its_tap_in_a_pause(talk: Talk) -> None:
    talk.say(FIRST, TRUE, 30)
    talk.clock.now += 2
    talk.say(OTHER, STRANGER, 40)
    talk.say(FIRST, TRUE, 30)
    assert pcm((STRANGER, 1)) not in talk.writer.pcm


def test_a_single_sender_is_heard_from_its_first_packet(talk: Talk) -> None:
    talk.say(OTHER, STRANGER, 2)
    assert talk.heard() == pcm((STRANGER, 2))


@pytest.mark.parametrize("samples", [80, 960])
def test_packets_of_any_usual_length_are_real_time(talk: Talk, samples: int) -> None:
    trickle(talk, seconds=2)
    for _ in range(2 * 8000 // samples):
        talk.say(FIRST, TRUE, samples=samples)
    assert talk.heard().endswith(pcm((TRUE, 50)))


def test_many_others_do_not_keep_the_true_sender_from_its_tap(talk: Talk) -> None:
    trickle(talk, seconds=2)
    for number in range(100):
        talk.say(FIRST, TRUE)
        talk.clock.now -= 0.02
        talk.say((f"198.51.100.{number}", 5004), STRANGER)
    assert talk.heard().endswith(pcm((TRUE, 70)))


def test_only_the_networks_of_rtp_sources_are_heard(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rtp, "SOURCES", (IPv4Network("192.0.2.0/29"),))
    talk = Talk(clock, lease())
    talk.say(OTHER, STRANGER, 60)
    talk.say(FIRST, TRUE, 30)
    assert talk.writer.pcm == pcm((TRUE, 30))
    assert talk.figure("strangers") == 60


# After the tap's end its port is kept for its own sender only.


def ended(talk: Talk) -> RtpTap:
    talk.say(FIRST, TRUE, 30)
    talk.tap._runtime.writes.begin = lambda job: job.close() or Ended()
    talk.tap.end()
    return talk.tap


class Ended:
    """A task that nobody waits for."""

    def add_done_callback(self, callback: Any) -> None:
        pass


def test_the_late_packets_of_its_sender_keep_a_port_busy(talk: Talk) -> None:
    tap = ended(talk)
    talk.say(FIRST, TRUE)
    assert tap.heard_after_end


def test_nobody_elses_packets_keep_a_port_busy(talk: Talk) -> None:
    tap = ended(talk)
    tap.datagram_received(b"\x00", FIRST)
    talk.say(OTHER, STRANGER, 100)
    assert not tap.heard_after_end


def test_of_a_port_whose_sender_is_not_known_two_packets_in_sequence_make_it_busy(
    clock: Clock,
) -> None:
    """A receiver that began after the tap's end has not seen its sender."""
    talk = Talk(clock, lease()._replace(state="finished"))
    talk.tap.datagram_received(b"\x00" * SAMPLES, OTHER)
    talk.say(OTHER, STRANGER)
    assert not talk.tap.heard_after_end
    talk.say(OTHER, STRANGER)
    assert talk.tap.heard_after_end
