"""Figures: the packets of an RTP stream, counted as in RFC 3550, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.audio.g711 import SAMPLE_RATE


@dataclass(slots=True)
class Figures:
    """Counts packets; the last three figures are samples and seconds.

    received = played + late + duplicate + comfort_noise + events + unknown + empty, plus the
    packets that are held at the moment.
    """

    received: int = 0  # from the source that is played, including late and duplicate ones
    expected: int = 0  # according to the sequence numbers: RFC 3550 appendix A.3
    pcmu: int = 0  # played, as mu-law
    pcma: int = 0  # played, as A-law
    late: int = 0  # not played, because they came after their time or fit nowhere
    duplicate: int = 0
    comfort_noise: int = 0
    events: int = 0
    unknown: int = 0  # of a payload type that is in no table
    empty: int = 0  # audio without samples, which some senders send to keep a port open
    reordered: int = 0  # came after a later one, whether played or not
    foreign: int = 0  # of another source while this one speaks; not in received
    stray: int = 0  # with a sequence number that fits nowhere; not in received
    clock_mismatch: int = 0  # whose timestamp was wrong; played where their number says
    restarts: int = 0  # how often the sender started again
    concealed: int = 0  # samples made up before the newest audio, not those after it
    skipped: int = 0  # samples of lost time that were not filled
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
