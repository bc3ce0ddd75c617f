"""The rows of calls, which an agent's first tap makes, or the first word of what is said."""

from __future__ import annotations

from typing import Any

from monitor.models import Call, ListenSession, Tap
from monitor.services import announce, permissions, teams

#: What is known of a call from whoever tells of it.
KNOWN = ("agent", "caller", "caller_name", "project_id")


class NoSuchCall(Exception):
    """There is no call of that id, or none that the user may know of."""


class CallGone(Exception):
    """The call itself is over, as far as is known."""


def lock_for(user: Any, call_id: int) -> Call:
    """Return a call that a user may know of, locked until this transaction ends. Raises
    NoSuchCall."""
    mine = permissions.scope_of(user).within(Call.objects.locked())
    call = mine.filter(pk=call_id).first()
    if call is None:
        raise NoSuchCall
    return call


def lock(told: Call) -> Call:
    """Return the row of a call, created if it is new, and locked until this transaction ends.

    What was not known before is taken from what is told now.
    """
    try:
        locked = Call.objects.locked().get(call_id=told.call_id)
    except Call.DoesNotExist:
        defaults = {name: getattr(told, name) for name in (*KNOWN, "created_at")}
        Call.objects.get_or_create(call_id=told.call_id, defaults=defaults)
        locked = Call.objects.locked().get(call_id=told.call_id)
        if locked.agent:
            teams.meet_agent(locked.agent)
    news = [name for name in KNOWN if getattr(told, name) and not getattr(locked, name)]
    if news:
        for name in news:
            setattr(locked, name, getattr(told, name))
        if "agent" in news:
            teams.meet_agent(told.agent)
            _copy_agent(locked)
        locked.transitions += 1
        locked.save(update_fields=[*news, "transitions"])
        announce.publish_changes([locked.pk])
    return locked


def _copy_agent(call: Call) -> None:
    """Write the agent of a call into the rows that have it too."""
    Tap.objects.filter(call=call).update(agent=call.agent)
    ListenSession.objects.filter(tap__call=call).update(agent=call.agent)
