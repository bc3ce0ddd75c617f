"""What an RTP tap has counted since its media began, whoever sent the packets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from .figures import Figures
from .rtp import Kind

_NAMES = {Kind.COMFORT_NOISE: "comfort_noise", Kind.EVENT: "events", Kind.UNKNOWN: "unknown"}


class Tally:
    """Adds to one sender's figures those of the senders before it, of this process and
    of others, and the packets that are no sender's."""

    __slots__ = ("_earlier", "continued", "malformed", "strangers")

    def __init__(self) -> None:
        self.strangers = 0  # packets that are not from the tap's sender
        self.malformed = 0  # datagrams that are not RTP
        self.continued = False  # does it go on from what the tap's row had?
        self._earlier: dict[str, float] = {}

    def go_on_from(self, row: Mapping[str, float] | None) -> None:
        """Add what the tap's row has from before; once."""
        if not self.continued:
            self.continued = True
            self._add(row or {})

    def end_sender(self, counted: Figures) -> None:
        """Keep the figures of a sender that is no longer the tap's."""
        self._add(_counts(counted))

    def pass_over(self, kind: Kind) -> None:
        """Count a packet without audio that came while the tap had no sender."""
        self._add({"received": 1, "expected": 1, _NAMES.get(kind, "empty"): 1})

    def total(self, counted: Figures) -> dict[str, float]:
        """All figures, with those of the present sender; the jitter is its alone."""
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
