"""Leaves out what was said and done in the pauses of a call, as far as the carrier's times tell.

What is told of a sentence tells when it began or when it was recognized, and often not even that.
A sentence cannot be cut, so what may reach into a pause is left out as a whole, and so is what
repeats the conversation or sums it up.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from typing import Any

from monitor.models import Call, CallEvent, CallPause, EventSource
from monitor.services import conversation
from monitor.services.call_clock import better_offset, has_carriers_time

Sentence = tuple[str, str]  # who says it, and its letters and digits

#: A sentence may have the time of its beginning, and so last into a pause that begins later.
SENTENCE = datetime.timedelta(seconds=10)
#: What was said in a pause may be recognized, and told, so much later: by the carrier's time, and
#: where there is none by that of its arrival.
RECOGNIZED = datetime.timedelta(seconds=5)
ARRIVED = datetime.timedelta(seconds=10)

#: What happens to a call is kept, without words.
WORDLESS = ("session_start", "session_end", "hold", conversation.SUMMARY)
#: What is kept of its payload: the figures for the report, who ended the call, and whether it was
#: hold or unhold.
FIGURES = (
    "total_minutes",
    "total_input_tokens",
    "total_output_tokens",
    "input_tokens",
    "output_tokens",
    "total_asr_minutes",
    "total_tts_chars",
    "call_ended_by",
    "ended_by",
    "event",
)
#: What repeats all that was said before: SignalWire sends it to each tool.
REPEATING = ("post_data", "request_payload")


def without_paused(call: Call, rows: Sequence[CallEvent]) -> list[CallEvent]:
    """Return new events of a locked call without those of its pauses. Some are changed."""
    return list(_kept(call, rows) if call.pause_changes else rows)


def _kept(call: Call, rows: Sequence[CallEvent]) -> Iterator[CallEvent]:
    pauses = [(pause, _said_before(call, pause)) for pause in call.pauses.all()]
    offset = better_offset(call, rows) or call.clock_offset or datetime.timedelta()
    before: CallEvent | None = None
    for row in rows:
        at = row.at + offset if has_carriers_time(row) else row.at
        paused = _is_untimed(row, before) or any(_reaches(row, at, *one) for one in pauses)
        before = row
        if row.kind == conversation.SUMMARY or (paused and row.kind in WORDLESS):
            row.text, row.payload = "", _figures(row.payload)
        elif paused:
            continue
        row.payload = {name: told for name, told in row.payload.items() if name not in REPEATING}
        yield row


def _is_untimed(row: CallEvent, before: CallEvent | None) -> bool:
    """Return whether a record does not tell when something in it was said: it then has the time of
    the entry before, or of the record's arrival."""
    if row.source != EventSource.AUTHORITY:
        return False
    same = before is not None and (before.kind, before.at) == (row.kind, row.at)
    return same or not has_carriers_time(row)


def _reaches(
    row: CallEvent, at: datetime.datetime, pause: CallPause, said_before: set[Sentence]
) -> bool:
    """Return whether what an event tells of may have been said in a pause."""
    if row.received_at < pause.began_at or at < pause.began_at - SENTENCE:
        return False
    if at < pause.began_at:
        return _sentence(row) not in said_before
    late = RECOGNIZED if has_carriers_time(row) else ARRIVED
    return pause.ended_at is None or at <= pause.ended_at + late


def _said_before(call: Call, pause: CallPause) -> set[Sentence]:
    """Return the sentences that were told just before a pause began: the record has them, too."""
    since = pause.began_at - 2 * SENTENCE
    told = call.events.filter(received_at__range=(since, pause.began_at))
    return {_sentence(row) for row in told.filter(kind__in=conversation.SAID)}


def _sentence(row: CallEvent) -> Sentence:
    """Return who says what in letters and digits only: recognizers differ in the rest."""
    return row.role, "".join(filter(str.isalnum, row.text.casefold()))


def _figures(payload: dict[str, Any]) -> dict[str, Any]:
    return {name: payload[name] for name in FIGURES if name in payload}
