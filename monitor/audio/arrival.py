"""Arrival: tells at which moment each sample of a leg was spoken, as far as its arrival tells.

Audio arrives unevenly: late by what the network and the sender held it back for, never early. So of
the last few seconds the one counts whose audio arrived with the least delay. The two legs of a call
come from the same sender by the same way, so that their least delays are alike.
"""

from __future__ import annotations

from collections import deque

from monitor.audio.g711 import SAMPLE_RATE

#: How many times, told about once a second, the least delay is taken of. A sender that gathers a
#: second of audio needs two of them. A pause of less than 3 s, during which positions stand
#: still, is followed within this time; a longer one begins a new Arrival.
KEPT = 4


class Arrival:
    """Relates the positions of one leg to Unix time, which is in samples, too."""

    def __init__(self) -> None:
        self._began: deque[int] = deque(maxlen=KEPT)  # moments at which position 0 was spoken

    def received(self, position: int, at: int) -> None:
        """Note that the audio up to a position was received at a moment, in microseconds."""
        self._began.append(at * SAMPLE_RATE // 1_000_000 - position)

    def moment(self, position: int) -> int:
        """Return when the sample at a position was spoken. Call it once some was received."""
        return min(self._began) + position
