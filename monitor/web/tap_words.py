"""What the pages say about taps, in one place for templates and scripts.

The labels of states and directions are those of the models, which the admin shows too. Scripts
are handed all of it as JSON.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext_lazy as _

from monitor.models import CallState, Direction, Notice, TapState
from monitor.services.transitions import STOPPED
from monitor.web import order_words

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

#: What a state means, for whoever points at it.
HINTS: dict[str, StrPromise] = {
    TapState.REQUESTED: _("The tap was requested, but the call’s audio has not begun."),
    TapState.TAPPING: _("The call’s audio is being tapped."),
    CallState.UNTAPPED: _("The call goes on, but its audio is not tapped."),
    TapState.FINISHED: _("It has ended."),
    TapState.FAILED: _("The tap never started."),
    TapState.LOST: _("The carrier never reported that the tap ended."),
}

#: Whose voice a leg carries, where the legs of a call are shown beside each other.
SIDES = {
    Direction.BOTH: _("Both"),
    Direction.SPEAK: _("Caller"),
    Direction.LISTEN: _("Agent"),
}

#: What a listener reads about a call's end, by the reason that ``/listen`` gives for it. A
#: reason that is not here is shown as it is.
OUTCOMES = {
    TapState.FINISHED: "",
    TapState.FAILED: _("It could not be tapped."),
    TapState.LOST: _("No more audio arrived, and the end of the call was never reported."),
    STOPPED: _("The monitoring of this call was stopped."),
}


def for_scripts() -> str:
    """Return the words as JSON in the active language, each table by the value that it explains."""
    tables = {
        "states": dict(CallState.choices),
        "hints": HINTS,
        "directions": dict(Direction.choices),
        "sides": SIDES,
        "notices": dict(Notice.choices),
        "outcomes": OUTCOMES,
        "orders": order_words.for_scripts(),
    }
    return json.dumps(tables, cls=DjangoJSONEncoder)
