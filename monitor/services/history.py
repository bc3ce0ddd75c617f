"""The history of one call, in the order in which it happened."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from django.utils.translation import gettext as _

from monitor.models import Call, CallMark, CallPause, ListenSession, Tap, TapEvent, TapState
from monitor.services import mark_words, pause_words, permissions, stored_words


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened to a call or its leg: a transition, a note, a listener, or a mark.

    ``leg`` is None for what is about the whole call. ``state`` is the leg's new state, and empty
    if it did not change.
    """

    at: datetime.datetime
    leg: Tap | None
    words: str
    state: str = ""

    @property
    def title(self) -> str:
        """The label of the new state, or what happened otherwise."""
        return str(TapState(self.state).label) if self.state else self.words


def legs_of(call: Call) -> Sequence[Tap]:
    """Return the legs of a call with their events, oldest first."""
    return list(call.taps.order_by("requested_at", "pk").prefetch_related("events"))


def sessions_for(user: Any, call: Call) -> list[ListenSession] | None:
    """Return who listened to a call, oldest first, or None if this user may not know."""
    if not permissions.may_see_listeners(user):
        return None
    sessions = ListenSession.objects.filter(tap__call=call).select_related("tap")
    return list(sessions.order_by("started_at", "pk"))


def describe(entry: Entry) -> dict[str, str]:
    """Return an entry as the scripts of a page get it."""
    return {
        "at": entry.at.isoformat(),
        "direction": entry.leg.direction if entry.leg else "",
        "state": entry.state,
        "title": entry.title,
        "words": entry.words if entry.state else "",
    }


def timeline(
    legs: Sequence[Tap],
    sessions: Iterable[ListenSession],
    marks: Iterable[CallMark],
    pauses: Iterable[CallPause],
) -> list[Entry]:
    """Return what happened to the legs of a call, who joined and left, why the call needed
    attention, and when it was paused, oldest first.

    What happened at the same moment keeps the order in which it was recorded.
    """
    happened = [_event(leg, event) for leg in legs for event in leg.events.all()]
    listened = [entry for session in sessions for entry in _listening(session)]
    marked = [_mark(legs, mark) for mark in marks]
    paused = [entry for pause in pauses for entry in _pausing(pause)]
    return sorted([*happened, *listened, *marked, *paused], key=attrgetter("at"))


def _event(leg: Tap, event: TapEvent) -> Entry:
    words = stored_words.translate(event.reason)
    return Entry(event.at, leg, words, event.new if event.new != event.old else "")


def _mark(legs: Sequence[Tap], mark: CallMark) -> Entry:
    """Return the entry of a mark. It belongs to the newest leg of its direction."""
    meant = [leg for leg in legs if leg.direction == mark.leg]
    return Entry(mark.began_at, meant[-1] if meant else None, mark_words.sentence(mark))


def _pausing(pause: CallPause) -> Iterable[Entry]:
    yield Entry(pause.began_at, None, pause_words.beginning(pause))
    if pause.ended_at:
        yield Entry(pause.ended_at, None, pause_words.end(pause))


def _listening(session: ListenSession) -> Iterable[Entry]:
    yield Entry(session.started_at, session.tap, _("%(who)s joined") % {"who": session.who})
    if session.ended_at:
        yield Entry(session.ended_at, session.tap, _("%(who)s left") % {"who": session.who})
