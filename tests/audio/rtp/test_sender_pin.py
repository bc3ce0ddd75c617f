"""A SenderPin decides which of two addresses is an RTP tap's sender. Times are numbers here."""

from __future__ import annotations

import pytest

from monitor.audio.rtp.packet import RtpPacket
from monitor.audio.rtp.sender_pin import CANDIDATES, Claim, SenderPin

HERE, THERE = ("192.0.2.1", 5004), ("192.0.2.9", 5004)
SILENT_FOR = 3.0


def packet(number: int, samples: int = 160, ssrc: int = 1) -> RtpPacket:
    return RtpPacket(0, number & 0xFFFF, number * samples & 0xFFFFFFFF, ssrc, bytes(samples))


@pytest.fixture
def pin() -> SenderPin:
    return SenderPin(None, (), SILENT_FOR)


def pinned(pin: SenderPin, now: float = 0.0) -> None:
    """Make HERE the sender, by two packets."""
    pin.claim(HERE, packet(1), now)
    assert pin.claim(HERE, packet(2), now + 0.02)


def test_two_packets_in_sequence_make_the_sender_and_both_are_heard(pin: SenderPin) -> None:
    assert pin.claim(HERE, packet(1), 1.0) is None
    claim = pin.claim(HERE, packet(2), 1.02)
    assert claim == Claim(packet(1), 1.0, None, True)
    assert pin.source == HERE


@pytest.mark.parametrize("numbers", [(1,), (1, 1), (2, 1), (1, 3), (1, 4000)])
def test_fewer_or_unordered_packets_do_not_make_the_sender(
    pin: SenderPin, numbers: tuple[int, ...]
) -> None:
    for number in numbers:
        assert pin.claim(HERE, packet(number), 1.0) is None
    assert pin.source is None


@pytest.mark.parametrize("order", [range(60), [n ^ 1 if n % 10 < 2 else n for n in range(60)]])
def test_a_sender_in_real_time_replaces_an_unproven_one_within_a_second(
    pin: SenderPin, order: list[int]
) -> None:
    pinned(pin)
    for place, number in enumerate(order):
        pin.heard_at = place * 0.02
        claim = pin.claim(THERE, packet(100 + number), place * 0.02)
        if claim:
            break
    assert claim
    assert (claim.replaced, claim.silent) == (HERE, False)
    assert 0.4 < place * 0.02 < 0.7
    assert pin.proven


@pytest.mark.parametrize(("every", "samples"), [(0.5, 160), (0.5, 2000), (0.05, 160)])
def test_less_than_half_of_real_time_is_no_proof(
    pin: SenderPin, every: float, samples: int
) -> None:
    pinned(pin)
    for number in range(100):
        pin.heard_at = number * every
        assert pin.claim(THERE, packet(number, samples), number * every) is None


def test_a_proven_sender_keeps_its_place_until_it_is_silent(pin: SenderPin) -> None:
    pinned(pin)
    for number in range(30):
        pin.prove(160, number * 0.02)
    assert pin.proven
    pin.heard_at = 0.6
    for number in range(150):
        assert pin.claim(THERE, packet(number), 0.6 + number * 0.02) is None
    after = pin.heard_at + SILENT_FOR + 0.01
    assert pin.claim(THERE, packet(150), after) is None  # one packet since: not two
    claim = pin.claim(THERE, packet(151), after + 0.02)
    assert claim
    assert (claim.replaced, claim.silent) == (HERE, True)


def test_an_address_set_by_signalwire_is_the_only_sender(pin: SenderPin) -> None:
    pinned(pin)
    assert not pin.tell(HERE)
    assert pin.tell(THERE)
    pin.drop()
    assert pin.claim(HERE, packet(3), 1.0) is None
    assert pin.claim(HERE, packet(4), 1.02) is None
    assert not pin.is_open_to(HERE, 1.0)
    assert pin.is_open_to(THERE, 1.0)


def test_the_memory_of_candidates_is_bounded(pin: SenderPin) -> None:
    for number in range(100):
        pin.claim((f"198.51.100.{number}", 5004), packet(number), 0.0)
    assert len(pin._candidates) == CANDIDATES
