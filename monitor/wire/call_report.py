"""What a carrier reports about what is said and done in a call."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any, Literal

#: ``live`` is what came during the call, in any order and perhaps not at all; the ``authority``
#: is the record that the carrier makes when the call is over.
Source = Literal["live", "authority"]


@dataclass(frozen=True, slots=True)
class ReportedEvent:
    """One thing that was said or done.

    ``role`` is who said or did it, in the carrier's words: user, assistant, system, tool, or "".
    ``at`` is the carrier's own time, if it gave one. ``place`` is where the event is among those of
    the same kind in the authority's record, which may hold the very same twice.
    """

    kind: str
    role: str
    text: str
    at: datetime.datetime | None
    payload: dict[str, Any]
    place: int = 0


@dataclass(frozen=True, slots=True)
class CallReport:
    """A webhook, parsed by the carrier's adapter and recorded by ``services.call_events``."""

    call_id: str
    source: Source
    events: tuple[ReportedEvent, ...]
    conversation: str = ""  # the carrier's id of the agent's part in the call, if it said one
    caller: str = ""
    caller_name: str = ""
    project_id: str = ""
