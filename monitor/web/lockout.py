"""Makes whoever sends wrong passwords or codes wait, longer after each, and nobody else.

Failures are counted for each pair of user name and address. In addition, an address that tries
many names, and a name that is tried from many addresses, must wait for up to a minute. For a
browser in which the user has signed in before, only its own failures count. That user can
therefore still sign in there, whatever a stranger tries, even behind the same proxy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.db.models import Max, QuerySet, Sum
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import ngettext

from monitor.services import refusals
from monitor.web.known_device import KnownDevice

Credentials = dict[str, Any] | None

#: The most rows of failures that are kept, so that strangers cannot fill the table. To push a row
#: out of it takes longer than the longest delay.
MAX_ROWS = 10_000
AT_ONCE = timedelta(0)
LONGEST_NAME = 255  # characters that are kept of a name that was tried; users' have at most 150


@dataclass(frozen=True, slots=True)
class Limit:
    """Says how long the next try must wait after a number of failures."""

    window: timedelta  # older failures do not count
    free: int  # failures before the first delay
    first: timedelta  # doubled by each further failure
    longest: timedelta

    def delay(self, failures: int) -> timedelta:
        """Return how long after the last failure the next try may come."""
        if failures < self.free:
            return AT_ONCE
        doublings = min(failures - self.free, 16)
        return min(self.first * (1 << doublings), self.longest)

    def remaining(self, failed: QuerySet[AccessAttempt], now: datetime) -> timedelta:
        """Return how long from now these failures still forbid a try."""
        counted = failed.filter(attempt_time__gt=now - self.window)
        found = counted.aggregate(failures=Sum("failures_since_start"), last=Max("attempt_time"))
        if not found["failures"]:
            return AT_ONCE
        until: datetime = found["last"] + self.delay(found["failures"])
        return max(until - now, AT_ONCE)


PAIR = Limit(
    window=settings.AXES_COOLOFF_TIME,
    free=settings.AXES_FAILURE_LIMIT,
    first=timedelta(seconds=15),
    longest=timedelta(minutes=15),
)
ADDRESS = Limit(
    window=timedelta(minutes=15),
    free=50,  # a whole call centre behind one address makes mistakes
    first=timedelta(seconds=5),
    longest=timedelta(minutes=1),
)
NAME = Limit(
    window=timedelta(minutes=15),
    free=30,
    first=timedelta(seconds=5),
    longest=timedelta(minutes=1),
)


def name_tried(request: HttpRequest, credentials: Credentials) -> str | None:
    """Return the user name of a try, of which PostgreSQL would not keep more characters.
    django-axes calls it."""
    name = (credentials or request.POST).get("username")
    return name and str(name)[:LONGEST_NAME]


class LockOut(AxesDatabaseHandler):  # type: ignore[misc]  # axes has no types
    """The database handler of django-axes, with the limits above."""

    def is_locked(self, request: HttpRequest, credentials: Credentials = None) -> bool:
        return self.remaining(request, credentials) > AT_ONCE

    def remaining(self, request: Any, credentials: Credentials) -> timedelta:
        """Return how long this client must still wait before a try at this user name."""
        now = request.axes_attempt_time
        (judged,) = self.filter_user_attempts(request, credentials)
        wait = PAIR.remaining(judged, now)
        name = get_client_username(request, credentials)
        if _known_device(request, name):
            return wait
        failed = AccessAttempt.objects.all()
        return max(
            wait,
            ADDRESS.remaining(failed.filter(ip_address=request.axes_ip_address), now),
            NAME.remaining(failed.filter(username=name), now),
        )

    def filter_user_attempts(
        self, request: Any, credentials: Credentials = None
    ) -> list[QuerySet[AccessAttempt]]:
        """Return the failures that count: of the known device, or else of the name and address."""
        name = get_client_username(request, credentials)
        failed = AccessAttempt.objects.filter(username=name)
        if device := _known_device(request, name):
            return [failed.filter(user_agent=device)]
        return [failed.filter(ip_address=request.axes_ip_address)]

    def user_login_failed(
        self, sender: object, credentials: dict[str, Any], request: Any = None, **kwargs: Any
    ) -> None:
        """Count a failure. A known device has one row, whatever its User-Agent says.

        The ledger is told, unless this is a try that comes too early: those do not count.
        """
        if request is not None:
            name = get_client_username(request, credentials)
            if not request.axes_locked_out:
                refusals.sign_in(request, name)
            request.axes_user_agent = _known_device(request, name) or request.axes_user_agent
        with _without_forms(request):
            super().user_login_failed(sender, credentials, request, **kwargs)
        if request is not None:
            (judged,) = self.filter_user_attempts(request, credentials)
            judged.update(get_data="", post_data="")  # axes appends a line for each try
            _prune()


@contextmanager
def _without_forms(request: Any) -> Iterator[None]:
    """Hide from axes what was sent. It would write that into the row, such as the number that is
    looked for on the page to which the sign-in leads."""
    if request is None:
        yield
        return
    sent = request.GET, request.POST
    request.GET = request.POST = QueryDict()
    try:
        yield
    finally:
        request.GET, request.POST = sent


def locked_out_page(
    request: HttpRequest, response: HttpResponse | None, credentials: Credentials
) -> HttpResponse:
    """Return the page that says how long to wait. django-axes calls it when it refuses a try."""
    wait = AxesProxyHandler.get_implementation().remaining(request, credentials)
    seconds = max(math.ceil(wait.total_seconds()), 1)
    context = {"wait": in_words(seconds)}
    page = render(request, "pages/locked_out.html", context, status=HTTPStatus.TOO_MANY_REQUESTS)
    page["Retry-After"] = str(seconds)
    return page


def refusal(request: HttpRequest, username: str) -> HttpResponse | None:
    """Return the page above for a user whose next try must wait, and None for others."""
    credentials = {"username": username}
    if AxesProxyHandler.is_allowed(request, credentials):
        return None
    return locked_out_page(request, None, credentials)


def count_failure(request: HttpRequest, username: str) -> None:
    """Count a wrong second factor as a wrong password."""
    user_login_failed.send(__name__, credentials={"username": username}, request=request)


def in_words(seconds: int) -> str:
    """Return a wait in words, such as ``15 seconds`` or ``2 minutes``."""
    if seconds < 100:
        return ngettext("%(n)s second", "%(n)s seconds", seconds) % {"n": seconds}
    minutes = math.ceil(seconds / 60)
    return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}


def _known_device(request: HttpRequest, username: str | None) -> str:
    """Return the name under which a user's own browser has its rows; "" for other browsers."""
    device = KnownDevice.read(request)
    if device is None or username is None or not device.knows(username):
        return ""
    return f"known device {device.name}"


def _prune() -> None:
    """Delete the oldest rows above MAX_ROWS."""
    newest = AccessAttempt.objects.order_by("-pk").values_list("pk", flat=True).first()
    if newest is not None:
        AccessAttempt.objects.filter(pk__lte=newest - MAX_ROWS).delete()
