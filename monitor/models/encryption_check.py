"""A system check of the database: is everything encrypted with keys that are listed?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, transaction

from monitor.models.call import Call
from monitor.models.call_event import CallEvent
from monitor.models.encrypted import UnreadableText

NEWEST = 100  # rows of a kind that are looked at


@register(Tags.database)
def keys(
    app_configs: Any, *, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Report numbers and words that no key opens. It runs before ``migrate``, too."""
    if not databases or not _has_unreadable():
        return []
    return [
        Error(
            "Numbers and words in the database are encrypted with a key that ENCRYPTION_KEYS does "
            "not have.",
            hint="Put the key back into ENCRYPTION_KEYS, after the newest one, or into the file of "
            "ENCRYPTION_KEYS_FILE. Without it they are lost.",
            id="monitor.E006",
        )
    ]


def _has_unreadable() -> bool:
    try:
        with transaction.atomic():
            numbers = Call.objects.order_by("-pk").values_list("caller", flat=True)
            words = CallEvent.objects.order_by("-pk").values_list("text", flat=True)
            newest = [*numbers[:NEWEST], *words[:NEWEST]]
    except DatabaseError:  # the tables are not made yet
        return False
    return any(isinstance(text, UnreadableText) for text in newest)
