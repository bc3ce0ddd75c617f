"""The words that the history has for a mark."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from monitor.audio.condition import Kind
from monitor.models import CallMark, Direction
from monitor.services.talk_words import span

#: Who is meant, by the leg of a mark.
SIDES = {
    "": _("The call"),
    Direction.BOTH: _("The call"),
    Direction.SPEAK: _("The caller’s side"),
    Direction.LISTEN: _("The agent’s side"),
}

SENTENCES = {
    Kind.HELP: _("The agent asked for help"),
    Kind.WANTS_PERSON: _("The caller asked for a person"),
    Kind.ONE_WAY: _("%(side)s brought no sound"),
    Kind.LLM_ERROR: _("The language model failed"),
    Kind.TOOL_FAILS: _("A tool kept failing"),
    Kind.PHRASE: _("A watched phrase was said"),
    Kind.DEAD_AIR: _("Nobody spoke"),
    Kind.ONE_SIDE_SILENT: _("%(side)s said nothing"),
    Kind.LONG_HOLD: _("The agent was on hold"),
    Kind.SLOW_ANSWERS: _("The agent answered slowly"),
    Kind.CLIPPING: _("%(side)s was too loud and distorted"),
    Kind.BARGE_INS: _("The caller kept interrupting the agent"),
    Kind.TALK_OVER: _("Caller and agent spoke at the same time"),
    Kind.LONG_CALL: _("The call became long"),
}

#: What begins at a moment, and whose duration says nothing.
MOMENTS = (Kind.HELP, Kind.WANTS_PERSON, Kind.LLM_ERROR, Kind.PHRASE, Kind.LONG_CALL)


def sentence(mark: CallMark) -> str:
    """Say what a mark is about, and for how long it was so: "Nobody spoke for 12 s"."""
    kind = Kind(mark.kind)
    said = SENTENCES[kind] % {"side": SIDES[mark.leg]}
    if kind is Kind.TOOL_FAILS and mark.note:
        said = gettext("The tool %(tool)s kept failing") % {"tool": mark.note}
    if kind in MOMENTS:
        return f"{said}: {mark.note}" if mark.note else said
    if mark.ended_at is None:
        return gettext("%(what)s (still going on)") % {"what": said}
    return gettext("%(what)s for %(duration)s") % {
        "what": said,
        "duration": span(mark.duration.total_seconds()),
    }
