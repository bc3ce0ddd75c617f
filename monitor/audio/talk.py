"""Talk: tells for how long each party of a call talks, and for how long both talk at once.

Both parties must be tapped apart: a mixed leg does not tell whose voice is heard.

Time is cut into slots of 60 ms, the time for which a measured unit stands, on the timeline of all
legs, which is Unix time. A sound has two bits for each of its units, and those of both legs are
put into the slots in which they were spoken. What follows is done for many slots at once, by
operations on whole numbers:

- A party talks in the slots that stand out from the background of its line, if the detector found
  speech within SPREAD slots of them. What lasts for fewer than LEAST slots is a click.
- Pauses of up to BRIDGED slots belong to what is said: they are pauses between words.
- Both talk at once where this lasts for LEAST slots at least. What is shorter is how one party
  answers the other.

Where pauses of under 0.3 s count as speech, the talk times of made calls are right to 1.5 % for
speech at -22 dBFS on a line with noise of up to -55 dBFS, and for speech at -42 dBFS on one
without noise. ``tests/audio/test_talk_truth.py`` holds them to 5 %. They are up to 5.3 % too short
with noise at -45 dBFS, which hides the ends of words, and a sixth too short for speech at -42 dBFS
with noise at -55 dBFS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from monitor.audio.g711 import SAMPLE_RATE, samples_in
from monitor.audio.voice import STRIDE, Sound
from monitor.wire.frame import Leg

SIDES = (Leg.SPEAK, Leg.LISTEN)
SECONDS_PER_SLOT = STRIDE / SAMPLE_RATE
BRIDGED = 5
SPREAD = 12
LEAST = 3
#: Slots after a slot that must be known before it is: SPREAD, what BRIDGED may close, and twice
#: what LEAST may open.
LOOKAHEAD = SPREAD + BRIDGED + 2 * LEAST
CONTEXT = 2 * LOOKAHEAD  # slots before a slot that are looked at
#: Slots for which the audio of a leg is waited for: 5 s. Then it counts as silent.
PATIENCE = samples_in(5) // STRIDE
KEPT = CONTEXT + PATIENCE + LOOKAHEAD  # slots of a leg that are remembered
#: Samples by which the clock of the process that received a sound may be wrong.
TRUSTED = samples_in(10)
#: Slots by which a sound may lie beside where the last one ended and still be put there. A
#: clock that drifts would otherwise leave out a slot, or use one twice, many times in a row.
LEEWAY = 0.75


class Party(NamedTuple):
    """What one party has said. Times are in seconds."""

    talk: float
    silence: float  # the longest one, which may go on
    spoke_at: float  # Unix time: the end of what it said last, or the beginning if it said nothing


class Talk(NamedTuple):
    """What was measured of a call while both of its parties were tapped apart."""

    speak: Party
    listen: Party
    overlap: float  # seconds in which both talked
    overlaps: int  # how often they did
    until: float  # Unix time up to which this was measured


class Stretch(NamedTuple):
    """A stretch of a call of which it is known who talked, from where both did first. All are in
    samples."""

    until: int  # Unix time
    samples: int
    overlap: int  # of them, those in which both parties talked


@dataclass(slots=True)
class _Sum:
    """What is known of one party, in slots."""

    spoke: int  # the slot after the last one in which it talked
    talk: int = 0
    silence: int = 0

    def add(self, bits: int, begin: int, end: int) -> None:
        """Take who talked in the slots from ``begin`` to ``end``."""
        if bits:
            self.silence = max(self.silence, begin + _first(bits) - self.spoke)
            self.spoke = begin + bits.bit_length()
        self.silence = max(self.silence, end - self.spoke)
        self.talk += bits.bit_count()


class _Track:
    """The slots of one leg: bit n of a number is the nth slot after the base."""

    __slots__ = ("base", "end", "first", "loud", "speech")

    def __init__(self) -> None:
        self.loud = self.speech = 0
        self.base = self.end = 0  # the end is the slot after the last one that was heard
        self.first: int | None = None  # the slot in which the leg was first heard

    def add(self, sound: Sound, at: int) -> None:
        """Take a sound that was told of at a moment, in samples of Unix time."""
        units = sound.samples // STRIDE
        if not units:
            return
        begin = self._begin(sound.until if _is_near(sound.until, at) else at, units)
        self.first = begin if self.first is None else self.first
        self.end = max(self.end, begin + units)
        self._forget(self.end - KEPT)
        self.loud |= _shifted(sound.loud, begin - self.base)
        self.speech |= _shifted(sound.speech, begin - self.base)

    def _begin(self, until: int, units: int) -> int:
        """Return the slot of a sound's first unit."""
        begin = until / STRIDE - units
        return self.end if abs(begin - self.end) <= LEEWAY else round(begin)

    def _forget(self, base: int) -> None:
        if base > self.base:
            self.loud >>= base - self.base
            self.speech >>= base - self.base
            self.base = base

    def talk(self, base: int) -> int:
        """Return in which slots after ``base`` the party talks, as far as is known by now."""
        near = _grown(self.speech << SPREAD, 2 * SPREAD) >> 2 * SPREAD
        return _shifted(_opened(_closed(self.loud) & near), self.base - base)


class TalkMeter:
    """Measures the talk of one call, whose sounds it is given second by second.

    ``known`` is what another process measured before: this one goes on where that one ended. If
    it is given the seconds before that again, which it needs to know what is a pause, they do
    not count again.
    """

    def __init__(self, known: Talk | None = None) -> None:
        self._tracks = {side: _Track() for side in SIDES}
        self._until = 0  # slots before this one have been counted
        self._sums = {side: _Sum(0) for side in SIDES}
        self._overlap = self._overlaps = 0
        if known:
            self._until = _slot(known.until)
            self._overlap, self._overlaps = _slots(known.overlap), known.overlaps
            for side, party in zip(SIDES, (known.speak, known.listen), strict=True):
                talk, silence = _slots(party.talk), _slots(party.silence)
                self._sums[side] = _Sum(_slot(party.spoke_at), talk, silence)

    @property
    def talk(self) -> Talk | None:
        """What was measured so far, or None if the parties have not been tapped apart."""
        if not self._until:
            return None
        speak, listen = (
            Party(_seconds(one.talk), _seconds(one.silence), _seconds(one.spoke))
            for one in self._sums.values()
        )
        overlap, until = _seconds(self._overlap), _seconds(self._until)
        return Talk(speak, listen, overlap, self._overlaps, until)

    def observe(self, at: int, sounds: Mapping[Leg, Sound]) -> Stretch | None:
        """Take what was heard on the legs up to ``at``; return what is known since the last time.

        A leg that is not among ``sounds`` is no longer tapped. ``at`` is in samples of Unix time.
        """
        if not all(side in sounds for side in SIDES):
            self._finish()
            return None
        for side, track in self._tracks.items():
            track.add(sounds[side], at)
        if not self._begin():
            return None
        end = min(track.end for track in self._tracks.values())
        until = max(end - LOOKAHEAD, at // STRIDE - PATIENCE)
        return self._count(until) if until > self._until else None

    def _begin(self) -> bool:
        """Begin to count where both legs have brought audio, unless that has been done; return
        whether it is."""
        first = [track.first for track in self._tracks.values() if track.first is not None]
        if len(first) < len(SIDES):
            return False
        if max(first) > self._until:
            self._until = max(first)
            for one in self._sums.values():
                one.spoke = self._until
        return True

    def _finish(self) -> None:
        """Count what is left, because the parties are no longer tapped apart."""
        if self._begin():
            ends = [track.end for track in self._tracks.values()]
            until = max(min(ends), max(ends) - PATIENCE)
            if until > self._until:
                self._count(until)
        self._tracks = {side: _Track() for side in SIDES}

    def _count(self, until: int) -> Stretch:
        """Count the slots up to ``until``."""
        begin, self._until = self._until, until
        base = begin - CONTEXT
        wanted = (1 << until - begin) - 1
        speak, listen = (track.talk(base) for track in self._tracks.values())
        both = _opened(speak & listen)
        joined = _closed(both)
        for side, bits in zip(SIDES, (speak, listen), strict=True):
            self._sums[side].add(bits >> CONTEXT & wanted, begin, until)
        both_now = both >> CONTEXT & wanted
        self._overlap += both_now.bit_count()
        self._overlaps += (joined & ~(joined << 1) & wanted << CONTEXT).bit_count()
        length = until - begin - _first(both_now) if both_now else 0
        return Stretch(until * STRIDE, length * STRIDE, both_now.bit_count() * STRIDE)


def _first(bits: int) -> int:
    """Return the number of the first bit that is set."""
    return (bits & -bits).bit_length() - 1


def _grown(bits: int, by: int) -> int:
    """Make each run of set bits longer at its later end."""
    done = 0
    while done < by:
        step = min(by - done, done + 1)
        bits |= bits << step
        done += step
    return bits


def _shrunk(bits: int, by: int) -> int:
    """Make each run of set bits shorter at its later end, and leave none of a run that is short."""
    done = 0
    while done < by:
        step = min(by - done, done + 1)
        bits &= bits >> step
        done += step
    return bits


def _closed(bits: int) -> int:
    """Fill the gaps that are no longer than BRIDGED."""
    return _shrunk(_grown(bits, BRIDGED), BRIDGED)


def _opened(bits: int) -> int:
    """Leave out the runs that are shorter than LEAST."""
    return _grown(_shrunk(bits, LEAST - 1), LEAST - 1)


def _is_near(until: int, at: int) -> bool:
    return until != 0 and abs(until - at) < TRUSTED


def _shifted(bits: int, by: int) -> int:
    return bits << by if by >= 0 else bits >> -by


def _slots(seconds: float) -> int:
    return round(seconds / SECONDS_PER_SLOT)


def _slot(at: float) -> int:
    """Return the slot that begins at a moment of Unix time."""
    return _slots(at)


def _seconds(slots: int) -> float:
    return round(slots * SECONDS_PER_SLOT, 2)
