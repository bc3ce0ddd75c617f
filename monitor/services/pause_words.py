"""The words that the history has for a pause."""

from __future__ import annotations

from django.utils.translation import gettext as _

from monitor.models import CallPause, PauseEnd


def beginning(pause: CallPause) -> str:
    """Say who ordered a pause."""
    if not pause.username:
        return _("Paused by the agent")
    return _("Paused by %(who)s") % {"who": pause.username}


def end(pause: CallPause) -> str:
    """Say what ended a pause that is over."""
    if pause.end == PauseEnd.EXPIRED:
        return _("The pause ended by itself")
    if not pause.ended_by:
        return _("The agent ended the pause")
    return _("%(who)s ended the pause") % {"who": pause.ended_by}
