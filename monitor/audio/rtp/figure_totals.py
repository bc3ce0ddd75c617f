"""FigureTotals: what an RTP tap has counted since its media began, over all its senders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from monitor.audio.rtp.figures import Figures
from monitor.audio.rtp.packet import Kind

_NAMES = {Kind.COMFORT_NOISE: "comfort_noise", Kind.EVENT: "events", Kind.UNKNOWN: "unknown"}


class FigureTotals:
    """Adds to the present sender's figures those of earlier senders, which other processes may
    have received, and the packets that belong to no sender."""

    __slots__ = ("_earlier", "continued", "malformed", "strangers")

    def __init__(self) -> None:
        self.strangers = 0  # packets that are not from the tap's sender
        self.malformed = 0  # datagrams that are not RTP
        self.continued = False  # whether the figures in the tap's row have been added
        self._earlier: dict[str, float] = {}

    def go_on_from(self, row: Mapping[str, float] | None) -> None:
        """Add the figures that the tap's row has. Further calls do nothing."""
        if not self.continued:
            self.continued = True
            self._add(row or {})

    def end_sender(self, counted: Figures) -> None:
        """Add the figures of a sender that is being replaced or dropped."""
        self._add(_counts(counted))

    def pass_over(self, kind: Kind) -> None:
        """Count a packet without audio that came while the tap had no sender."""
        self._add({"received": 1, "expected": 1, _NAMES.get(kind, "empty"): 1})

    def total(self, counted: Figures) -> dict[str, float]:
        """Return all figures, including those of the present sender. The jitter is only its own."""
        own = _counts(counted) | {"strangers": self.strangers, "malformed": self.malformed}
        total = {name: number + self._earlier.get(name, 0) for name, number in own.items()}
        return total | {"jitter_ms": round(counted.jitter_ms, 2)}

    def _add(self, counts: Mapping[str, float]) -> None:
        for name, number in counts.items():
            self._earlier[name] = self._earlier.get(name, 0) + number


def _counts(counted: Figures) -> dict[str, float]:
    counts: dict[str, float] = asdict(counted)
    del counts["jitter"]
    return counts | {"played": counted.played, "lost": counted.lost}
