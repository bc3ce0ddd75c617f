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
    Kind.ONE_WAY: _("%(side)s brought no sound"),
    Kind.DEAD_AIR: _("Nobody spoke"),
    Kind.ONE_SIDE_SILENT: _("%(side)s said nothing"),
    Kind.CLIPPING: _("%(side)s was too loud and distorted"),
    Kind.TALK_OVER: _("Caller and agent spoke at the same time"),
    Kind.LONG_CALL: _("The call became long"),
}

#: What begins at a moment, and whose duration says nothing.
MOMENTS = (Kind.HELP, Kind.LONG_CALL)


def sentence(mark: CallMark) -> str:
    """Say what a mark is about, and for how long it was so: "Nobody spoke for 12 s"."""
    kind = Kind(mark.kind)
    said = SENTENCES[kind] % {"side": SIDES[mark.leg]}
    if kind in MOMENTS:
        return f"{said}: {mark.note}" if mark.note else said
    if mark.ended_at is None:
        return gettext("%(what)s (still going on)") % {"what": said}
    return gettext("%(what)s for %(duration)s") % {
        "what": said,
        "duration": span(mark.duration.total_seconds()),
    }
