"""A user's own page: what they listened to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from monitor.models import Call
from monitor.services import listen_reports, permissions
from monitor.services.listen_reports import Listening

LISTED = 50  # listenings on a page


class Line(NamedTuple):
    """A listening as the page shows it. ``call`` is None if the user may not know of it now."""

    began_at: Any
    ended_at: Any
    call: Call | None
    call_id: str
    reason: str
    heard: str
    rewound: str


@require_safe
@never_cache
@login_required
def listened(request: HttpRequest) -> HttpResponse:
    """Show to users what they listened to themselves, newest first."""
    beginnings = listen_reports.of_user(request.user)
    page = Paginator(beginnings, LISTED).get_page(request.GET.get("page", 1))
    rows = listen_reports.listenings(list(page.object_list))
    context = {"page": page, "listened": _lines(request.user, rows)}
    return render(request, "pages/listened.html", context)


def _lines(user: Any, rows: Iterable[Listening]) -> list[Line]:
    rows = list(rows)
    known = permissions.calls_of(user).filter(call_id__in=[one.call_id for one in rows])
    calls = {call.call_id: call for call in known}
    may_open = permissions.may_watch(user)
    return [
        Line(
            began_at=one.began_at,
            ended_at=one.ended_at,
            call=calls.get(one.call_id) if may_open else None,
            call_id=one.call_id,
            reason=one.reason,
            heard=_("%(time)s heard") % {"time": _clock(one.seconds_acknowledged)},
            rewound=_("%(time)s rewound") % {"time": _clock(one.seconds_rewound)}
            if one.seconds_rewound
            else "",
        )
        for one in rows
    ]


def _clock(seconds: float | None) -> str:
    """Return a time in minutes and seconds, such as 4:07."""
    minutes, rest = divmod(round(seconds or 0), 60)
    return f"{minutes}:{rest:02}"
