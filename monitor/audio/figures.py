"""What came of an RTP stream, counted as RFC 3550 does, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from .g711 import SAMPLE_RATE


@dataclass(slots=True)
class Figures:
    """Counters of packets, but for the last three.

    received = played + late + duplicate + comfort_noise + events + unknown + empty,
    and what is held at the moment.
    """

    received: int = 0  # of the source that is played; late and duplicate ones too
    expected: int = 0  # by the sequence numbers: RFC 3550 appendix A.3
    pcmu: int = 0  # played, as mu-law
    pcma: int = 0  # played, as A-law
    late: int = 0  # came after their time, or fit nowhere; never played
    duplicate: int = 0
    comfort_noise: int = 0
    events: int = 0
    unknown: int = 0  # payload types nobody knows
    empty: int = 0  # audio of no samples, as some keep a port open
    reordered: int = 0  # came after a later one, played or not
    foreign: int = 0  # of another source while this one speaks; not in received
    stray: int = 0  # with a sequence number out of any order; not in received
    clock_mismatch: int = 0  # whose timestamp did not fit their audio; played where that does
    restarts: int = 0  # how often the sender began anew
    concealed: int = 0  # samples made up before the newest audio; not those after the end
    skipped: int = 0  # samples passed over
    jitter: float = 0.0  # seconds, interarrival: RFC 3550 appendix A.8

    @property
    def played(self) -> int:
        """Packets whose audio was played."""
        return self.pcmu + self.pcma

    @property
    def lost(self) -> int:
        """Cumulative packets lost (RFC 3550 section 6.4.1); a duplicate hides one."""
        return self.expected - self.received

    @property
    def jitter_units(self) -> int:
        """Interarrival jitter in timestamp units, as an RTCP report has it."""
        return int(self.jitter * SAMPLE_RATE)

    @property
    def jitter_ms(self) -> float:
        """Interarrival jitter in milliseconds."""
        return self.jitter * 1000
