"""One of two senders to an RTP tap is heard. The clock is a number, and no socket is open."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

import pytest

from monitor.ingest.rtp_tap import RtpTap
from monitor.limits import Limits
from monitor.wire.frame import Flag
from tests.support.rtp_sender import FIRST, OTHER, SAMPLES, Talk, lease, pcm
from tests.support.streams import Clock

TRUE, STRANGER = b"\x10", b"\x20"


def trickle(talk: Talk, seconds: int) -> None:
    """Have the stranger send two packets a second, in sequence."""
    for _ in range(2 * seconds):
        talk.say(OTHER, STRANGER)
        talk.clock.now += 0.48


def both(talk: Talk, packets: int, every: int = 25) -> None:
    """Have the true sender send in real time, and the stranger one packet for each so many."""
    for number in range(packets):
        talk.say(FIRST, TRUE)
        if number % every == 0:
            talk.clock.now -= 0.02
            talk.say(OTHER, STRANGER)


def test_a_sender_in_real_time_is_heard_although_a_stranger_came_first(talk: Talk) -> None:
    trickle(talk, seconds=10)
    both(talk, packets=100)
    heard = talk.heard()
    assert heard.endswith(pcm((TRUE, 70)))
    after = heard.index(pcm((TRUE, 1)))
    assert pcm((STRANGER, 1)) not in heard[after:]


def test_a_change_of_senders_is_a_gap_and_a_note_in_the_timeline(talk: Talk) -> None:
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


def test_the_first_of_two_senders_that_begin_at_once_is_kept(talk: Talk) -> None:
    both(talk, packets=200, every=1)
    assert talk.heard() == pcm((TRUE, 200))


def test_a_sender_in_real_time_keeps_its_tap_during_a_pause(talk: Talk) -> None:
    talk.say(FIRST, TRUE, 30)
    talk.clock.now += 2
    talk.say(OTHER, STRANGER, 40)
    talk.say(FIRST, TRUE, 30)
    assert pcm((STRANGER, 1)) not in talk.writer.pcm


def test_a_single_sender_is_heard_from_its_first_packet(talk: Talk) -> None:
    talk.say(OTHER, STRANGER, 2)
    assert talk.heard() == pcm((STRANGER, 2))


@pytest.mark.parametrize("samples", [80, 960])
def test_packets_of_any_usual_length_count_as_real_time(talk: Talk, samples: int) -> None:
    trickle(talk, seconds=2)
    for _ in range(2 * 8000 // samples):
        talk.say(FIRST, TRUE, samples=samples)
    assert talk.heard().endswith(pcm((TRUE, 50)))


def test_many_strangers_do_not_keep_the_true_sender_from_its_tap(talk: Talk) -> None:
    trickle(talk, seconds=2)
    for number in range(100):
        talk.say(FIRST, TRUE)
        talk.clock.now -= 0.02
        talk.say((f"198.51.100.{number}", 5004), STRANGER)
    assert talk.heard().endswith(pcm((TRUE, 70)))


def test_only_the_networks_of_rtp_sources_are_heard(clock: Clock) -> None:
    talk = Talk(clock, lease(), Limits(rtp_sources=(IPv4Network("192.0.2.0/29"),)))
    talk.say(OTHER, STRANGER, 60)
    talk.say(FIRST, TRUE, 30)
    assert talk.writer.pcm == pcm((TRUE, 30))
    assert talk.figure("strangers") == 60


# After a tap's end its port is kept while its own sender still sends.


def ended(talk: Talk) -> RtpTap:
    talk.say(FIRST, TRUE, 30)
    talk.intake.writes.begin = lambda job: job.close() or Ended()
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
    talk.port.datagram_received(b"\x00", FIRST)
    talk.say(OTHER, STRANGER, 100)
    assert not tap.heard_after_end


def test_a_port_with_an_unknown_sender_is_busy_after_two_packets_in_sequence(
    clock: Clock,
) -> None:
    """A receiver that began after the tap's end has not seen its sender."""
    talk = Talk(clock, lease()._replace(state="finished"))
    talk.port.datagram_received(b"\x00" * SAMPLES, OTHER)
    talk.say(OTHER, STRANGER)
    assert not talk.tap.heard_after_end
    talk.say(OTHER, STRANGER)
    assert talk.tap.heard_after_end
