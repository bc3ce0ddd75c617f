"""What was said last in each call, for the live list."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import OuterRef, Subquery

from monitor.models import Call, CallEvent
from monitor.services import conversation
from monitor.services.call_clock import on_our_clock


def of_calls(ids: Collection[str]) -> dict[str, Any]:
    """Return the last line of the caller or the agent in each of these calls, described, by the
    call's id. A call in which nothing was said is left out. It takes one query.

    Of several events that tell of the same sentence it is made of the last one, which may be
    written a little differently than in the whole conversation.
    """
    said = CallEvent.objects.filter(
        call=OuterRef("pk"), kind__in=conversation.SPOKEN, role__in=conversation.SIDES
    )
    last = Subquery(said.exclude(text="").order_by("-at", "-id").values("pk")[:1])
    rows = CallEvent.objects.filter(pk__in=Call.objects.filter(pk__in=ids).values_list(last))
    told = {
        str(row.call_id): conversation.lines(on_our_clock([row], row.call.clock_offset))
        for row in rows.select_related("call")
    }
    return {pk: conversation.describe(lines[-1]) for pk, lines in told.items() if lines}
