"""The page of one call."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from monitor import staticfiles
from monitor.models import Call, CallState, LedgerKind, Tap, Transport
from monitor.services import (
    descriptions,
    history,
    ledger,
    packet_figures,
    permissions,
    reasons,
    report_words,
    stored_words,
    talk_words,
)
from monitor.services.call_facts import facts_of
from monitor.web import tap_words
from monitor.web.orders import orders_allowed
from monitor.web.pages.console import ANY_TAP
from monitor.web.sockets import paths


@require_safe
@never_cache
@login_required
def call(request: HttpRequest, call_id: int) -> HttpResponse:
    """Show a call's facts and legs, its timeline, who listened, and a deck while it is live."""
    if not permissions.may_watch(request.user):
        raise PermissionDenied("You may not see calls.")
    row = get_object_or_404(permissions.calls_of(request.user), pk=call_id)
    legs = history.legs_of(row)
    facts = facts_of(row, legs)
    sessions = history.sessions_for(request.user, row)
    may_read = permissions.may_read_words(request.user)
    context = {
        **_described(request.user, row),
        "facts": facts,
        "legs": [_leg(leg, len(legs)) for leg in legs],
        "timeline": history.timeline(legs, sessions or (), row.marks.all(), row.pauses.all()),
        "sessions": sessions,
        "talk": talk_words.lines(row.talk) if hasattr(row, "talk") else [],
        "is_untapped": facts.state == CallState.UNTAPPED,
        "is_stopping": not any(leg.is_open for leg in legs),
        "lacks_notice": _lacks_notice(legs),
        "can_listen": permissions.may_listen(request.user),
        "can_read": may_read,
        "report": _report(request, row) if may_read else None,
        **orders_allowed(request.user),
    }
    return render(request, "pages/call.html", context)


@require_safe
@never_cache
@login_required
def deck(request: HttpRequest, call_id: int) -> HttpResponse:
    """Show the deck of a call alone, for a small window that plays on beside other work."""
    if not permissions.may_listen(request.user):
        raise PermissionDenied("You may not listen to calls.")
    row = get_object_or_404(permissions.calls_of(request.user), pk=call_id)
    context = {
        **_described(request.user, row),
        "facts": facts_of(row, history.legs_of(row)),
        "can_read": permissions.may_read_words(request.user),
    }
    return render(request, "pages/deck.html", context)


@require_safe
@never_cache
@login_required
def tap(request: HttpRequest, tap_id: uuid.UUID) -> HttpResponse:
    """Lead to the leg on the page of its call: logs and the history name taps."""
    if not permissions.may_watch(request.user):
        raise PermissionDenied("You may not see calls.")
    row = get_object_or_404(permissions.taps_of(request.user), pk=tap_id)
    return redirect(f"{reverse('call', args=[row.call_id])}#leg-{row.pk}")


def _report(request: HttpRequest, row: Call) -> report_words.Report | None:
    """Return the carrier's report of a call, which has a summary of what was said. The ledger is
    told before. Raises ledger.NotWritten."""
    report = report_words.report(row)
    if report:
        entry = ledger.by_request(request, LedgerKind.WORDS_READ, row.call_id, by="report")
        ledger.append([entry])
    return report


def _described(user: Any, row: Call) -> dict[str, Any]:
    """Return what the scripts of a page about one call need."""
    [described] = descriptions.describe(permissions.calls_of(user).filter(pk=row.pk))
    return {
        "build": staticfiles.build(),
        "call": row,
        "description": json.dumps(described),
        "console_url": paths.CONSOLE,
        "listen_url": paths.listen(ANY_TAP),
        "any_tap": ANY_TAP,
        "reasons": reasons.recent(user),
        "words": tap_words.for_scripts(),
    }


def _lacks_notice(legs: Sequence[Tap]) -> bool:
    """Return whether a call is tapped, and no leg of it may be heard for want of a notice."""
    going = [leg.pk for leg in legs if leg.is_open]
    return bool(going) and all(map(permissions.TapRules(going).lacks_notice, going))


def _leg(leg: Tap, legs: int) -> dict[str, Any]:
    """Return what the page shows of one of a call's legs. Its side is named if there are more."""
    is_rtp = leg.transport == Transport.RTP
    return {
        "tap": leg,
        "side": leg.get_direction_display() if legs > 1 else "",
        "ended_because": stored_words.translate(leg.end_reason),
        "packets": packet_figures.table(leg.rtp) if is_rtp else [],
    }
