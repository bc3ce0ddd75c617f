"""TalkCount: measures the talk of each call whose two parties are tapped apart.

What a process has measured is written every EVERY seconds, with the moment up to which it was
measured. A process that takes over goes on from there, because Redis still has the seconds since
then. Only a call that ends within those seconds keeps the figures that were written last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from monitor.audio.g711 import SAMPLE_RATE
from monitor.audio.talk import Stretch, Talk, TalkMeter
from monitor.audio.voice import Sound
from monitor.services.marks import Watched
from monitor.wire.frame import Leg

EVERY = 10  # seconds between two writes of a call that goes on
#: Seconds for which a party says nothing until the pages may call it silent, less what it takes to
#: tell them. A call in which it is heard again is written at once.
SILENT = 12
#: Seconds for which a leg is still counted after its end was told, because what was heard in its
#: last ones is judged only then.
ENDING = 4


class CountedCall:
    """A call, its legs by their taps, and its talk as it was written last."""

    def __init__(self, known: Talk | None) -> None:
        self.meter = TalkMeter(known)
        self.written = known
        self.legs: dict[str, Leg] = {}
        self.ending: dict[str, int] = {}  # by tap: the last second that counts

    def observe(self, second: int, sounds: Mapping[str, Sound]) -> Stretch | None:
        """Take what was heard in a second."""
        self.settle(second)
        return self.meter.observe((second + 1) * SAMPLE_RATE, by_leg(self.legs, sounds))

    def settle(self, second: int) -> None:
        """Leave out the legs that ended a while ago."""
        for tap in [tap for tap, last in self.ending.items() if last < second]:
            del self.ending[tap]
            self.legs.pop(tap, None)
        if not self.legs:
            self.meter.observe((second + 1) * SAMPLE_RATE, {})


class TalkCount:
    """Knows the talk of the calls that are heard. Seconds are those of Unix time."""

    def __init__(self) -> None:
        self._calls: dict[int, CountedCall] = {}
        self._due_at = 0  # the second from which on the calls that go on are to be written

    def __iter__(self) -> Iterator[int]:
        """Return the calls, of which some may come and go meanwhile."""
        return iter(list(self._calls))

    def watch(self, call: Watched) -> None:
        """Count this call from now on, with the legs that it has now."""
        counted = self._calls.setdefault(call.call_id, CountedCall(call.talk))
        counted.legs |= {tap: Leg[direction.upper()] for tap, direction in call.legs.items()}
        for tap in call.legs:
            counted.ending.pop(tap, None)

    def end(self, pk: int, taps: Iterable[str], second: int) -> None:
        """Let legs of a call end, of which the newest second so far is this one."""
        if counted := self._calls.get(pk):
            for tap in counted.legs.keys() & set(taps):
                counted.ending.setdefault(tap, second + ENDING)

    def observe(self, pk: int, second: int, sounds: Mapping[str, Sound]) -> Stretch | None:
        """Take what was heard of a call in a second; return what is known of its talk now."""
        return self._calls[pk].observe(second, sounds)

    def settle(self, second: int) -> dict[int, Talk]:
        """Return the talk of the calls that is to be written when this second is over."""
        for call in self._calls.values():
            call.settle(second)
        for pk in [pk for pk, call in self._calls.items() if _is_done(call)]:
            del self._calls[pk]
        is_due = second >= self._due_at
        changed = {
            pk: talk
            for pk, call in self._calls.items()
            if (talk := call.meter.talk)
            and talk != call.written
            and (is_due or not call.legs or _is_heard_again(call.written, talk))
        }
        if is_due and changed:
            self._due_at = second + EVERY
        return changed

    def written(self, talks: Mapping[int, Talk]) -> None:
        """Remember that this was written."""
        for pk, talk in talks.items():
            self._calls[pk].written = talk


def _is_heard_again(before: Talk | None, talk: Talk) -> bool:
    """Tell whether a party talks again that pages may call silent."""
    if before is None:
        return False
    parties = zip(before[:2], talk[:2], strict=True)
    return any(now.spoke_at - then.spoke_at > SILENT for then, now in parties)


def _is_done(call: CountedCall) -> bool:
    return not call.legs and call.meter.talk == call.written


def by_leg(legs: Mapping[str, Leg], sounds: Mapping[str, Sound]) -> dict[Leg, Sound]:
    """Return what was heard on each leg. One that is not told of was not heard at all."""
    found = dict.fromkeys(legs.values(), Sound())
    for tap, leg in legs.items():
        if tap in sounds:
            found[leg] = max(found[leg], sounds[tap], key=lambda sound: sound.samples)
    return found
