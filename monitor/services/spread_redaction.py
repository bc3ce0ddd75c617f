"""Takes card numbers out of a call that are spread over several events.

No event of them has a card number alone, so each is stored as it came. The one that completes the
number has all of them rewritten, in its own transaction: it is never to be seen itself.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet
from django.db.models.fields.json import KT

from monitor.models import Call, CallEvent, EventSource, encryption
from monitor.services.conversation import SIDES, UNFINISHED, is_unfinished
from monitor.services.tellings import SAME_WITHIN
from monitor.wire.card_numbers import REMOVED, chains
from monitor.wire.spread_numbers import (
    Turn,
    find_completed,
    without_echoes,
    without_numbers,
    without_pieces,
)
from monitor.wire.text import map_texts

#: How long before and after an event other pieces of its number are looked for. Said digit by digit
#: with a pause after each, a number takes longer; nobody does that.
WITHIN = datetime.timedelta(minutes=2)
#: Events of two kinds that tell of the same sentence come about at once.
RETOLD_WITHIN = datetime.timedelta(seconds=5)

#: So many digits of a number are taken out of whatever else is told at the time: of what the same
#: party says in events of another kind, and of what anybody says or does.
OWN_ECHO, ANY_ECHO = 2, 3


@dataclass(slots=True)
class Spread:
    """The numbers that were found in one stream of events, and how its texts read without them."""

    role: str
    cards: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)  # by the text as it was stored
    times: list[datetime.datetime] = field(default_factory=list)

    def without(self, text: str, role: str) -> str:
        """Return the text of an event, or one within its payload, without the numbers."""
        if role == self.role and text in self.texts:
            return self.texts[text]
        return without_echoes(text, self.cards, OWN_ECHO if role == self.role else ANY_ECHO)


def redact(call: Call, rows: Sequence[CallEvent]) -> list[CallEvent]:
    """Rewrite the events of a call whose numbers these rows complete, and return the older ones.

    The caller holds the lock of the call, and has stored the rows. A row keeps its digest, so that
    what is told again is known again; the digest needs a key, so no digits can be found by it.
    """
    own = {row.pk: row for row in rows}
    older: dict[int, CallEvent] = {}
    for stream in {_stream(row) for row in rows if _has_digits(row)}:
        new = [row for row in rows if _stream(row) == stream]
        rewritten = _rewritten(call, new)
        changed: dict[int, CallEvent] = {}
        if spread := _completed(call, new):
            near = _near(call, spread.times, _everywhere(rows))
            events = [own.get(event.pk, event) for event in near]
            changed = {event.pk: event for event in events if _rewrite(event, spread)}
        for row in new:
            if retold := _retold(row, rewritten):
                _rewrite(row, retold)
                changed[row.pk] = row
        CallEvent.objects.bulk_update(changed.values(), ["text", "payload"])
        older.update({pk: event for pk, event in changed.items() if pk not in own})
    return list(older.values())


def _stream(event: CallEvent) -> tuple[str, str, str]:
    """Return what turns have in common of which one may go on with the number of another."""
    return str(event.source), event.kind, event.role


def _has_digits(event: CallEvent) -> bool:
    return event.role in SIDES and next(chains(event.text), None) is not None


def _is_turn(event: CallEvent) -> bool:
    """Return whether an event is a turn. Unfinished speech says the same digits again and again."""
    return not is_unfinished(event)


def _retold(row: CallEvent, rewritten: Sequence[CallEvent]) -> Spread | None:
    """Return how an event reads without its numbers if one that was rewritten tells of the same.

    It came too late for its digits to be known. The rest of the sentence is the same.
    """
    for event in rewritten:
        is_other = event.kind != row.kind or _is_turn(event) != _is_turn(row)
        is_near = abs(event.at - row.at) <= RETOLD_WITHIN
        if is_other and is_near:
            without = without_numbers(row.text)
            if REMOVED in without and _letters(without) == _letters(without_numbers(event.text)):
                return Spread(row.role, texts={row.text: without})
    return None


def _letters(text: str) -> str:
    """Return the letters of a text only: recognizers differ in the rest."""
    return "".join(filter(str.isalnum, text.casefold()))


def _everywhere(rows: Sequence[CallEvent]) -> list[int]:
    """Return the rows of a record: what it says of the whole call may repeat any number."""
    return [row.pk for row in rows if row.source == EventSource.AUTHORITY]


def _within(
    call: Call, times: Sequence[datetime.datetime], within: datetime.timedelta
) -> QuerySet[CallEvent]:
    span = min(times) - within, max(times) + within
    return call.events.filter(at__range=span).order_by("at", "id")


def _near(
    call: Call, times: Sequence[datetime.datetime], more: Iterable[int]
) -> QuerySet[CallEvent]:
    """Return the events that may repeat the digits of pieces said at these times, and more."""
    return _within(call, times, SAME_WITHIN) | call.events.filter(pk__in=more)


def _rewritten(call: Call, new: Sequence[CallEvent]) -> list[CallEvent]:
    """Return the events near new ones of the same party that had numbers, which were taken out."""
    near = _within(call, [row.at for row in new], RETOLD_WITHIN)
    said = near.filter(role=new[0].role)
    if encryption.may_be_there():
        return [event for event in said if REMOVED in event.text]
    return list(said.filter(text__contains=REMOVED))


def _completed(call: Call, new: Sequence[CallEvent]) -> Spread | None:
    """Return the numbers over several turns that new ones of a stream complete, if any."""
    pks = {row.pk for row in new if _is_turn(row) and Turn(row.text, 0).may_be_part}
    if not pks:
        return None
    source, kind, role = _stream(new[0])
    near = _within(call, [row.at for row in new], WITHIN)
    stream = near.filter(source=source, kind=kind, role=role)
    said = _turns_of(stream)
    turns = [Turn(text, at.timestamp()) for _, text, at in said]
    places = [place for place, (pk, _, _) in enumerate(said) if pk in pks]
    found = list(find_completed(turns, places))
    if not found:
        return None
    spread = Spread(role, list(dict.fromkeys(one.digits for one in found)))
    for index in sorted({piece.turn for one in found for piece in one.pieces}):
        text = turns[index].text
        pieces = [piece for one in found for piece in one.pieces if piece.turn == index]
        spread.texts[text] = without_pieces(text, pieces)
        spread.times.append(said[index][2])
    return spread


def _turns_of(stream: QuerySet[CallEvent]) -> list[tuple[int, str, datetime.datetime]]:
    """Return the turns of a stream: each event's key, text and time."""
    if encryption.may_be_there():
        turns = filter(_is_turn, stream)
        return [(event.pk, event.text, event.at) for event in turns]
    # Of a payload only that is read by which unfinished speech is told from turns.
    told = stream.values_list("pk", "text", "at", KT("payload__source"))
    return [(pk, text, at) for pk, text, at, state in told if state not in UNFINISHED]


def _rewrite(event: CallEvent, spread: Spread) -> bool:
    """Take the numbers out of an event, and return whether it had any of them."""
    before = event.text, event.payload
    event.text = spread.without(event.text, event.role)
    event.payload = map_texts(event.payload, lambda text: spread.without(text, event.role))
    return (event.text, event.payload) != before
