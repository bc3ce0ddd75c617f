"""What is asked of each list: its pages, filters, dates, orders and searches."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

from bench.year.history import SPECIAL
from bench.year.seed import ROOT

#: Each list with the values of its filters that are asked for, and what is searched there.
FILTERS: dict[str, tuple[dict[str, str], ...]] = {
    "monitor/call": (
        {"agent": "agent-3"},
        {"agent": "rare"},
        {"agent": "early"},
        {"agent": "nobody"},
        {"tool": "book_table"},
        {"errors": "yes"},
        {"errors": "no"},
        {"interruptions": "yes"},
        {"interruptions": "no"},
        {"ended_by": "caller"},
        {"words": "yes"},
        {"words": "no"},
        {"minutes": "0-1"},
        {"minutes": "5-15"},
        {"minutes": "15-"},
        {"tokens": "10000"},
        {"tokens": "200000"},
        {"said": "refund"},
        {"said": "platypus"},
        {"said": "refund invoice"},
    ),
    "monitor/tap": (
        {"state__exact": "lost"},
        {"state__exact": "tapping"},
        {"direction__exact": "both"},
        {"codec": "PCMA"},
        {"codec": "L16"},
        {"transport": "rtp"},
        {"agent": "agent-3"},
        {"agent": "rare"},
        {"agent": "early"},
        {"agent": "nobody"},
    ),
    "monitor/listensession": (
        {"listening": "now"},
        {"listening": "ended"},
        {"user__id__exact": "1"},
        {"user__id__exact": "500"},
    ),
    "monitor/ledgerentry": ({"kind__exact": "listen_began"}, {"kind__exact": "held"}),
    "monitor/callorder": ({"kind__exact": "stop"}, {"asked_by__id__exact": "1"}),
    "monitor/adminaction": ({"kind__exact": "exported"}, {"user__id__exact": "1"}),
    "axes/accesslog": (),
    "axes/accessattempt": (),
    "axes/accessfailurelog": (),
    "auth/user": ({"is_active__exact": "1"},),
    "auth/group": (),
    "monitor/team": (),
    "monitor/agent": (),
}
SEARCHES: dict[str, tuple[str, ...]] = {
    "monitor/call": ("call-00", "call-00000777", "+1202555", "+12025557919", "nowhere"),
    "monitor/tap": ("call-00", "call-00000777", "+1202555", "+12025557919", "nowhere"),
    "monitor/listensession": (
        "supervisor-1",
        "root",
        "192.0.2.77",
        "call-00",
        "+1202555",
        "nowhere",
    ),
    "monitor/ledgerentry": ("supervisor-1", "root", "192.0.2.77", "call-00", "nowhere"),
    "monitor/callorder": ("supervisor-1", "call-00", "nowhere"),
    "monitor/adminaction": ("supervisor-1", "call-00", "nowhere"),
    "axes/accesslog": ("supervisor-1", "nowhere"),
    "auth/user": ("supervisor-1", "nowhere"),
    "monitor/agent": ("agent-1", "nowhere"),
}
#: The lists of which a member of one team sees that team's rows.
OF_TEAMS = ("monitor/call", "monitor/tap", "monitor/listensession")


class Question(NamedTuple):
    """A page that a user asks for."""

    user: str
    path: str
    query: dict[str, str]

    @property
    def name(self) -> str:
        asked = urlencode(self.query).replace("%2B", "+")
        who = "" if self.user == ROOT else f", as {self.user}"
        return f"{self.path.split('/')[1]} `{asked or 'all'}`{who}"


def of_list(path: str, model_admin: Any, until: datetime.datetime) -> Iterator[Question]:
    """Yield all that is asked of a list."""
    field = model_admin.date_hierarchy
    for query in (
        {},
        *_dates(field, until),
        *({"o": f"{sign}{n}"} for n in _sortable(model_admin) for sign in ("", "-")),
        *FILTERS[path],
        *({"q": text} for text in SEARCHES.get(path, ())),
    ):
        yield Question(ROOT, path, query)
    if path in OF_TEAMS:
        for name in ("supervisor-1", *SPECIAL):
            yield Question(name, path, {})
            yield Question(name, path, {"o": "-2"})


def _dates(field: str | None, until: datetime.datetime) -> Iterator[dict[str, str]]:
    """Yield the steps of the date hierarchy, to a late day and to an early one, and two ranges."""
    if field is None:
        return
    for at in (until - datetime.timedelta(days=1), until - datetime.timedelta(days=300)):
        parts = {"year": at.year, "month": at.month, "day": at.day}
        for depth in (1, 2, 3):
            steps = list(parts.items())[:depth]
            yield {f"{field}__{step}": str(value) for step, value in steps}
    today = until.replace(hour=0, minute=0, second=0, microsecond=0)
    for days in (7, 365):
        begins = today - datetime.timedelta(days=days)
        yield {f"{field}__gte": str(begins), f"{field}__lt": str(today)}


def _sortable(model_admin: Any) -> Iterator[int]:
    """Yield the numbers of the columns by which a list can be ordered."""
    fields = {field.name for field in model_admin.model._meta.get_fields()}
    for number, name in enumerate(model_admin.list_display, 1):
        column = getattr(model_admin, name, None)
        if getattr(column, "admin_order_field", None) or (column is None and name in fields):
            yield number
