"""The words that the history has for who talked in a call."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext, ngettext

from monitor.models import CallTalk


class Line(NamedTuple):
    """What is said of a call's talk under one heading."""

    label: str
    words: str


def shares(talk: CallTalk) -> str:
    """Return the shares of both parties, or nothing if nobody talked: "62 % : 38 %"."""
    share = talk.speak_share
    return "" if share is None else f"{_percent(share)} : {_percent(1 - share)}"


def lines(talk: CallTalk) -> list[Line]:
    """Say who talked for how long, how often both did at once, and who was silent for long."""
    share = talk.speak_share
    other = None if share is None else 1 - share
    return [
        Line(gettext("Caller talked"), _talked(talk.speak, share)),
        Line(gettext("Agent talked"), _talked(talk.listen, other)),
        Line(gettext("Both at once"), _overlaps(talk)),
        Line(gettext("Caller’s longest silence"), span(talk.speak_silence)),
        Line(gettext("Agent’s longest silence"), span(talk.listen_silence)),
    ]


def span(seconds: float) -> str:
    """Write a duration with its units, which are the same in every language of the pages."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _talked(seconds: float, share: float | None) -> str:
    if share is None:
        return span(seconds)
    words = gettext("%(duration)s (%(share)s of what was said)")
    return words % {"duration": span(seconds), "share": _percent(share)}


def _overlaps(talk: CallTalk) -> str:
    if not talk.overlaps:
        return gettext("Never")
    words = ngettext("%(n)s time, %(duration)s", "%(n)s times, %(duration)s", talk.overlaps)
    return words % {"n": talk.overlaps, "duration": span(talk.overlap)}


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")
