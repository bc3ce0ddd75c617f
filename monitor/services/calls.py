"""The rows of calls, which an agent's first tap makes, or the first word of what is said."""

from __future__ import annotations

from monitor.models import Call
from monitor.services import announce

#: What is known of a call from whoever tells of it.
KNOWN = ("agent", "caller", "caller_name", "project_id")


def lock(told: Call) -> Call:
    """Return the row of a call, created if it is new, and locked until this transaction ends.

    What was not known before is taken from what is told now.
    """
    defaults = {name: getattr(told, name) for name in KNOWN}
    row, made = Call.objects.get_or_create(
        call_id=told.call_id, defaults={**defaults, "created_at": told.created_at}
    )
    locked = Call.objects.locked().get(pk=row.pk)
    news = [name for name in KNOWN if defaults[name] and not getattr(locked, name)]
    if news and not made:
        for name in news:
            setattr(locked, name, defaults[name])
        locked.transitions += 1
        locked.save(update_fields=[*news, "transitions"])
        announce.publish_changes([locked.pk])
    return locked
