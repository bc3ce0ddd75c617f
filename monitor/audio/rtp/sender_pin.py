"""SenderPin: decides which of the addresses that send to a port is the tap's sender.

RTP packets carry no proof of who sent them, and anybody may send to a port. So a tap's sender
is pinned:

- Two packets in sequence from one address make it the sender (RFC 3550 appendix A.1), so that
  the first audio is heard at once. A single packet does not.
- A sender *proves* itself with half a second of audio within a second, and then keeps the tap
  until it falls silent. A sender that has not proved itself loses the tap to one that does:
  two packets a second to every port must not keep a call from being heard.
- After ``silent_for`` seconds without a packet, any address may take the sender's place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from typing import NamedTuple

from monitor.audio.g711 import SAMPLE_RATE
from monitor.audio.rtp.packet import RtpPacket
from monitor.audio.rtp.sequence import uint16_diff

Address = tuple[str, int]

CANDIDATES = 8  # candidates that are remembered; of more, the one heard longest ago is forgotten
WINDOW = 1.0  # seconds in which a sender proves itself
PROOF = SAMPLE_RATE // 2  # samples of audio that it must send in them: half of real time
LONGEST = 960  # samples that a packet counts for at most: 120 ms, SignalWire's longest
MAX_LEAP = 50  # packets by which a candidate's numbers may leap either way: 1 s of 20 ms packets


class Trial:
    """Adds up a sender's audio until the sender has proved that it sends in real time."""

    __slots__ = ("_began", "_samples", "passed")

    def __init__(self, now: float) -> None:
        self.passed = False
        self._began = now
        self._samples = 0

    def take(self, samples: int, now: float) -> None:
        """Take a packet's audio that came at ``now`` (seconds)."""
        if now - self._began > WINDOW:
            self._began, self._samples = now, 0
        self._samples += min(samples, LONGEST)
        self.passed |= self._samples >= PROOF


class Claim(NamedTuple):
    """Says that an address has become the tap's sender, and in whose place."""

    packet: RtpPacket  # the new sender's packet before the one that decided
    at: float  # when that packet came, in seconds
    replaced: Address | None  # the sender before
    silent: bool  # whether that sender had fallen silent; if not, it had not proved itself


@dataclass(slots=True)
class _Candidate:
    packet: RtpPacket  # its newest packet
    at: float  # when that packet came, in seconds
    trial: Trial


class SenderPin:
    """Knows the sender of one tap, and the candidates for its place.

    ``told`` is the address that SignalWire says it sends from; if there is one, no other
    address can be the sender. ``networks`` are those that senders may be in; if there are
    none, senders may be anywhere.
    """

    def __init__(
        self, told: Address | None, networks: Sequence[IPv4Network | IPv6Network], silent_for: float
    ) -> None:
        self.source: Address | None = None
        self.heard_at = 0.0  # when the sender's last packet came
        self.proven = False  # whether the sender has sent in real time
        self._trial = Trial(0.0)  # of the sender
        self._told = told
        self._networks = networks
        self._silent_for = silent_for
        self._candidates: dict[tuple[Address, int], _Candidate] = {}  # by SSRC too

    def tell(self, source: Address) -> bool:
        """Learn the address that SignalWire sends from. Return True if the present sender has
        another one."""
        self._told = source
        return self.source not in (None, source)

    def is_open_to(self, address: Address, now: float) -> bool:
        """Tell whether the tap has no live sender, and this address may become it."""
        return self.is_silent(now) and self._is_allowed(address)

    def is_silent(self, now: float) -> bool:
        """Tell whether the tap has no sender, or one that is silent and may be replaced."""
        return self.source is None or now - self.heard_at > self._silent_for

    def claim(self, address: Address, packet: RtpPacket, now: float) -> Claim | None:
        """Take audio from an address that is not the sender's. If it becomes the sender by
        that, pin it and return the Claim."""
        if not self._is_allowed(address):
            return None
        key = address, packet.ssrc
        candidate = self._candidates.pop(key, None) or _Candidate(packet, now, Trial(now))
        ahead = uint16_diff(packet.sequence_number, candidate.packet.sequence_number)
        if abs(ahead) > MAX_LEAP:
            candidate = _Candidate(packet, now, Trial(now))
        candidate.trial.take(len(packet.payload), now)
        better = candidate.trial.passed and not self.proven
        silent = self.is_silent(candidate.at)  # was it, when the candidate's last packet came?
        if ahead == 1 and (better or silent):
            claim = Claim(candidate.packet, candidate.at, self.source, silent)
            self._pin(address, candidate.trial, now)
            return claim
        if ahead > 0:
            candidate.packet, candidate.at = packet, now
        self._candidates[key] = candidate
        if len(self._candidates) > CANDIDATES:
            del self._candidates[next(iter(self._candidates))]
        return None

    def prove(self, samples: int, now: float) -> None:
        """Count that many samples of the sender towards its proof."""
        self._trial.take(samples, now)
        self.proven = self._trial.passed

    def drop(self) -> None:
        """Forget the sender, so that any address may become it."""
        self.source = None
        self.proven = False

    def _pin(self, address: Address, trial: Trial, now: float) -> None:
        self.source, self.heard_at = address, now
        self._trial = trial if trial.passed else Trial(now)
        self.proven = trial.passed
        self._candidates.clear()

    def _is_allowed(self, address: Address) -> bool:
        if self._told not in (None, address):
            return False
        return not self._networks or any(IPv4Address(address[0]) in one for one in self._networks)
