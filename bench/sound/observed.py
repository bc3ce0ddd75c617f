"""Observed: what observer.js has noted in the page of a row. All times are Unix time in seconds."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

LIVE_WITHIN = 2.0  # seconds in which a live Frame comes to the page; those of the ring are older
_SHOWN = re.compile(r"([\d.]+)\s(ms|s)")


class Frame(NamedTuple):
    """A Frame that came to the page."""

    tap: str
    at: float
    received_at: float
    position: int
    samples: int
    flags: int


class Report(NamedTuple):
    """What a player said."""

    player: int
    at: float
    position: int | None  # of the newest sample that was played
    buffered: int  # samples
    underruns: int
    playing: bool


class Shown(NamedTuple):
    """What a deck showed."""

    at: float
    delay: float  # seconds


class Observed:
    """What was noted in a page."""

    def __init__(self, raw: dict[str, list[list[Any]]]) -> None:
        self._raw = raw

    @property
    def frames(self) -> list[Frame]:
        """The live Frames, in their order."""
        newest: dict[str, int] = {}
        found = []
        for tap, at, received_at, position, samples, flags in self._raw["frames"]:
            frame = Frame(tap, at / 1000, received_at / 1000, position, samples, flags)
            is_live = frame.at - frame.received_at < LIVE_WITHIN
            if is_live and position > newest.get(tap, -1):
                newest[tap] = position
                found.append(frame)
        return found

    @property
    def reports(self) -> list[Report]:
        return [Report(player, at / 1000, *rest) for player, at, *rest in self._raw["reports"]]

    def shown(self, tap: int) -> list[Shown]:
        """Return what the deck of a tap showed; bench/state.py has the names of their agents."""
        mine = f"bench {tap}"
        return [
            Shown(at / 1000, seconds_of(words))
            for who, at, words, _ in self._raw["shown"]
            if words and who.lower().startswith(mine)
        ]


def seconds_of(words: str) -> float:
    """Return the delay that a deck shows as "433 ms" or "1.2 s". Raises ValueError."""
    found = _SHOWN.fullmatch(words)
    if not found:
        raise ValueError(f"the deck shows {words!r}, which is no delay")
    return float(found[1]) / (1000 if found[2] == "ms" else 1)
