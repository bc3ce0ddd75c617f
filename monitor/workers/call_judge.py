"""CallJudge: joins what was heard on the legs of each call, and says which marks begin and end.

The legs of a call may be received by several processes, whose seconds arrive one after the other.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from monitor.audio.attention import Attention, Thresholds
from monitor.audio.condition import Condition
from monitor.audio.g711 import SAMPLE_RATE
from monitor.audio.talk import Stretch
from monitor.audio.voice import Sound
from monitor.bus.keys import SECONDS_KEPT_FOR
from monitor.bus.seconds import Heard
from monitor.services import descriptions
from monitor.services.marks import Mark, Watched
from monitor.wire.frame import Leg
from monitor.workers.talk_count import TalkCount, by_leg

AT_ONCE = 40  # calls that are judged without a pause: each takes 25 to 80 µs


class WatchedCall:
    """A call, its legs by their taps, and its marks as they are written."""

    def __init__(self, call: Watched, thresholds: Thresholds) -> None:
        self._pk = call.call_id
        self.legs: dict[str, Leg] = {}
        self.written = {_name(mark): mark for mark in call.marks}
        self.heard_at = 0  # the last second in which a tap was heard of, or the first one judged
        held = [Condition(one.kind, _leg(one.leg), _position(one.began_at)) for one in call.marks]
        self._attention = Attention(thresholds, _position(call.began_at), held)

    def observe(self, second: int, sounds: dict[str, Sound], talked: Stretch | None) -> None:
        """Take what was heard in a second, and what is known of the talk by then."""
        if not self.heard_at or not sounds.keys().isdisjoint(self.legs):
            self.heard_at = second
        self._attention.observe((second + 1) * SAMPLE_RATE, by_leg(self.legs, sounds), talked)

    def changes(self) -> tuple[list[Mark], list[Mark]]:
        """Return the marks that are to begin and those that are to end."""
        ongoing = {_name(mark): mark for mark in map(self._mark, self._attention.conditions)}
        begun = [mark for name, mark in ongoing.items() if name not in self.written]
        ended = [mark for name, mark in self.written.items() if name not in ongoing]
        return begun, ended

    def _mark(self, condition: Condition) -> Mark:
        leg = "" if condition.leg is None else condition.leg.name.lower()
        since = datetime.datetime.fromtimestamp(condition.since / SAMPLE_RATE, datetime.UTC)
        return Mark(self._pk, condition.kind, leg, since)


class CallJudge:
    """Knows the calls that are heard. Seconds are those of Unix time."""

    def __init__(self, thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        self._calls: dict[int, WatchedCall] = {}
        self._call_of: dict[str, int] = {}  # by tap
        self._waiting: dict[int, dict[str, Sound]] = {}  # by second and tap
        self._judged = 0  # the last second that was judged
        self._newest = 0  # the last one that was heard of
        self.talks = TalkCount()

    def hear(self, heard: Heard) -> None:
        """Take what one process has heard in a second. What comes too late is not judged."""
        if heard.second <= self._judged:
            return
        self._newest = max(self._newest, heard.second)
        sounds = self._waiting.setdefault(heard.second, {})
        for tap, sound in heard.sounds_by_tap().items():
            sounds[tap] = max(sounds.get(tap, sound), sound, key=lambda one: one.samples)
        if (
            len(self._waiting) > SECONDS_KEPT_FOR
        ):  # nothing can be judged while the database is away
            del self._waiting[min(self._waiting)]

    def unknown(self) -> set[str]:
        """Return the taps that were heard of and whose call is not known."""
        return {tap for sounds in self._waiting.values() for tap in sounds} - self._call_of.keys()

    def watch(self, calls: Iterable[Watched]) -> None:
        """Judge these calls from now on, with the legs that they have now."""
        for call in calls:
            if call.call_id not in self._calls:
                self._calls[call.call_id] = WatchedCall(call, self._thresholds)
            legs = self._calls[call.call_id].legs
            legs |= {tap: Leg[direction.upper()] for tap, direction in call.legs.items()}
            self._call_of |= dict.fromkeys(call.legs, call.call_id)
            self.talks.watch(call)

    def follow(self, call: dict[str, Any]) -> None:
        """Take a call's new description: legs that are over are no longer judged."""
        over = [leg["id"] for leg in call["legs"] if descriptions.is_over(leg)]
        self._drop(int(call["id"]), over)

    def due(self, until: int) -> list[int]:
        """Return the seconds up to ``until`` that are to be judged, the first one first."""
        return sorted(second for second in self._waiting if second <= until)

    def judge(self, second: int) -> Iterator[None]:
        """Judge all calls by what was heard in a second, with a pause after each few of them."""
        self._judged = second
        sounds = self._waiting.pop(second)
        calls = iter(self.talks)
        while some := list(itertools.islice(calls, AT_ONCE)):
            for pk in some:
                talked = self.talks.observe(pk, second, sounds)
                call = self._calls.get(pk)
                if call is None:  # its last leg has just ended
                    continue
                call.observe(second, sounds, talked)
                if call.heard_at < second - SECONDS_KEPT_FOR:
                    self._drop(pk, list(call.legs))  # its end was told while nobody judged
            yield

    @property
    def judged_until(self) -> datetime.datetime:
        """The end of the last second that was judged."""
        return datetime.datetime.fromtimestamp(self._judged + 1, datetime.UTC)

    def changes(self) -> tuple[list[Mark], list[Mark]]:
        """Return the marks that are to begin and those that are to end, of all calls."""
        changes = [call.changes() for call in self._calls.values()]
        begun = [mark for marks, _ in changes for mark in marks]
        ended = [mark for _, marks in changes for mark in marks]
        return begun, ended

    def written(self, begun: Iterable[Mark], ended: Iterable[Mark]) -> None:
        """Remember that these marks were written."""
        for mark in begun:
            if call := self._calls.get(mark.call_id):
                call.written[_name(mark)] = mark
        for mark in ended:
            if call := self._calls.get(mark.call_id):
                call.written.pop(_name(mark), None)

    def _drop(self, pk: int, taps: Collection[str]) -> None:
        """Stop judging legs of a call, and the call with its last one."""
        self.talks.end(pk, taps, self._newest)
        if pk not in self._calls:
            return
        for tap in taps:
            self._calls[pk].legs.pop(tap, None)
            self._call_of.pop(tap, None)
        if not self._calls[pk].legs:
            del self._calls[pk]


def _name(mark: Mark) -> tuple[str, str]:
    """Return what tells a mark from the others of its call."""
    return mark.kind, mark.leg


def _leg(direction: str) -> Leg | None:
    return Leg[direction.upper()] if direction else None


def _position(at: datetime.datetime) -> int:
    """Return a moment on the timeline of all calls, which is Unix time in samples."""
    return int(at.timestamp() * SAMPLE_RATE)
