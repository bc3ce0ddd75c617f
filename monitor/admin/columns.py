"""The columns that several lists of the history share, and how their cells are written."""

from __future__ import annotations

import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from monitor.models import Call, CallState, ListenSession, Tap, TapState
from monitor.services import stored_words

NOTHING = mark_safe("–")  # what an empty cell shows


def link(row: Model, text: str) -> SafeString:
    """Return a link to a row's page in the admin."""
    url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', url, text)


def link_to_tap(tap: Tap) -> SafeString:
    """Return a link to a tap, which is named by the moment of its request."""
    return link(tap, f"{timezone.localtime(tap.requested_at):%Y-%m-%d %H:%M:%S}")


def moment(at: datetime.datetime | None, *, after: datetime.datetime | None = None) -> SafeString:
    """Return a moment to the second, because Django's own display ends at the minute.

    The day is left out if it is the same as the day of ``after``.
    """
    if at is None:
        return NOTHING
    local = timezone.localtime(at)
    same_day = after is not None and timezone.localtime(after).date() == local.date()
    text = f"{local:%H:%M:%S}" if same_day else f"{local:%Y-%m-%d %H:%M:%S}"
    in_full = f"{local:%Y-%m-%d %H:%M:%S %Z}"
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), in_full, text)


def span(duration: datetime.timedelta | None) -> str:
    """Return a duration in whole seconds, as 0:01:30 or as 2 days, 0:01:30."""
    if duration is None:
        return NOTHING
    time = str(datetime.timedelta(seconds=int(duration.seconds)))
    if not duration.days:
        return time
    days = ngettext("%(n)s day", "%(n)s days", duration.days) % {"n": duration.days}
    return f"{days}, {time}"


def state_label(state: TapState | CallState) -> SafeString:
    """Return a state's word in its colour."""
    return format_html('<span class="tap-state tap-state-{}">{}</span>', state, state.label)


def caller(call: Call) -> str:
    """Return a caller's number and name."""
    return f"{call.caller} {call.caller_name}".strip()


class EndColumn:
    """Why the tap or the session of a row ended."""

    @admin.display(description=_("ended because"))
    def ended_because(self, row: Tap | ListenSession) -> str:
        return stored_words.translate(row.end_reason)


class UserColumn:
    """The user of a row, by the name that the row keeps."""

    @admin.display(description=_("user"), ordering="username")
    def who(self, row: Any) -> str:
        return str(row.who)


class TapColumns(EndColumn):
    """The state and the times of a tap."""

    @admin.display(description=_("state"), ordering="state")
    def status(self, tap: Tap) -> SafeString:
        return state_label(TapState(tap.state))

    @admin.display(description=_("started"), ordering="started_at")
    def started(self, tap: Tap) -> SafeString:
        return moment(tap.started_at, after=tap.requested_at)

    @admin.display(description=_("duration"))
    def lasted(self, tap: Tap) -> str:
        return span(tap.duration)


class ListenColumns(UserColumn, EndColumn):
    """The user and the times of a listen session."""

    @admin.display(description=_("from"), ordering="started_at")
    def started(self, session: ListenSession) -> SafeString:
        return moment(session.started_at)

    @admin.display(description=_("to"), ordering="ended_at")
    def ended(self, session: ListenSession) -> SafeString | str:
        if session.ended_at is None:
            return gettext("listening now")
        return moment(session.ended_at, after=session.started_at)

    @admin.display(description=_("duration"))
    def lasted(self, session: ListenSession) -> str:
        return span(session.duration)
