"""The page with the live list."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from monitor import staticfiles
from monitor.services import permissions, reasons
from monitor.web import tap_words
from monitor.web.orders import orders_allowed
from monitor.web.sockets import paths

ANY_TAP = uuid.UUID(int=0)  # the scripts put a tap's id in its place


@require_safe
@never_cache
@login_required
def console(request: HttpRequest) -> HttpResponse:
    """Show the live list, whose script gets the taps through the socket ``/console``."""
    context = {
        "build": staticfiles.build(),
        "can_listen": permissions.may_listen(request.user),
        "can_read": permissions.may_read_words(request.user),
        "reasons": reasons.recent(request.user),
        "sees_no_calls": permissions.scope_of(request.user).is_empty,
        **orders_allowed(request.user),
        "console_url": paths.CONSOLE,
        "listen_url": paths.listen(ANY_TAP),
        "any_tap": ANY_TAP,
        "words": tap_words.for_scripts(),
    }
    return render(request, "pages/console.html", context)
