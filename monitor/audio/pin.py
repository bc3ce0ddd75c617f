"""Which of the addresses that send to one port is the tap's sender.

RTP carries no name, and anybody may send to a port. So a tap's sender is pinned:

- One packet makes no sender, two in sequence do (RFC 3550 appendix A.1), so that the
  first audio is heard at once.
- A sender *proves* itself with half a second of audio within a second. One that did
  keeps the tap for as long as it lives. One that did not loses it to one that does: two
  packets a second to every port must not keep a call from being heard.
- After ``silent_for`` seconds without a packet anybody may take its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from typing import NamedTuple

from .g711 import SAMPLE_RATE
from .rtp import RtpPacket
from .sequence import uint16_diff

Address = tuple[str, int]

CANDIDATES = 8  # senders that are remembered; the one heard longest ago is forgotten
WINDOW = 1.0  # seconds in which a sender proves itself
PROOF = SAMPLE_RATE // 2  # samples of audio in a window: half of real time
LONGEST = 960  # samples that a packet counts for at most: 120 ms, SignalWire's longest
MAX_LEAP = 50  # packets that a candidate's numbers may leap, either way: a second of 20 ms


class Trial:
    """Adds up a sender's audio until it has proved to send in real time."""

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
    """An address has become the tap's sender."""

    packet: RtpPacket  # its packet before the one that decided
    at: float  # when that came, in seconds
    replaced: Address | None  # the sender before
    silent: bool  # had that one fallen silent? If not, it had not proved itself


@dataclass(slots=True)
class _Candidate:
    packet: RtpPacket  # its newest
    at: float  # when that came, in seconds
    trial: Trial


class SenderPin:
    """The sender of one tap, and those that would be.

    ``told`` is where SignalWire says that it sends from: then nobody else is the sender.
    ``networks`` are those that senders may be in; where there are none, any.
    """

    def __init__(
        self, told: Address | None, networks: Sequence[IPv4Network | IPv6Network], silent_for: float
    ) -> None:
        self.source: Address | None = None
        self.heard_at = 0.0  # when the sender's last packet came
        self.proven = False  # has the sender sent in real time?
        self._trial = Trial(0.0)  # the sender's
        self._told = told
        self._networks = networks
        self._silent_for = silent_for
        self._candidates: dict[tuple[Address, int], _Candidate] = {}  # by SSRC too

    def tell(self, source: Address) -> bool:
        """Take where SignalWire says that it sends from. True if the sender is not there."""
        self._told = source
        return self.source not in (None, source)

    def is_open_to(self, address: Address, now: float) -> bool:
        """Whether the tap has no sender at the moment, and may get this one."""
        return self.is_silent(now) and self._is_allowed(address)

    def is_silent(self, now: float) -> bool:
        """Whether anybody may take the sender's place, or nobody has it."""
        return self.source is None or now - self.heard_at > self._silent_for

    def claim(self, address: Address, packet: RtpPacket, now: float) -> Claim | None:
        """Take audio from an address that is not the sender's, and pin it if it is to be."""
        if not self._is_allowed(address):
            return None
        key = address, packet.ssrc
        candidate = self._candidates.pop(key, None) or _Candidate(packet, now, Trial(now))
        ahead = uint16_diff(packet.sequence_number, candidate.packet.sequence_number)
        if abs(ahead) > MAX_LEAP:
            candidate = _Candidate(packet, now, Trial(now))
        candidate.trial.take(len(packet.payload), now)
        better = candidate.trial.passed and not self.proven
        silent = self.is_silent(candidate.at)  # before two packets of this one
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
        """Take so much audio of the sender for a proof, until there is one."""
        self._trial.take(samples, now)
        self.proven = self._trial.passed

    def drop(self) -> None:
        """Have no sender."""
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
