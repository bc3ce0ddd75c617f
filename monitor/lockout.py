"""Wrong passwords make their sender wait, longer and longer, and nobody else.

Failures are counted for the pair of user name and address. Beside it, one
address that tries many names and one name that is tried from many addresses
wait for up to a minute. A browser in which the user has signed in before is
judged by its own failures only: whatever a stranger tries, be it behind the same
proxy with the same address, that user still signs in there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from .known_device import KnownDevice

Credentials = dict[str, Any] | None

#: Rows of failures that are kept at most. The table cannot be filled by strangers, and to
#: push a row out of it takes longer than the longest delay.
MAX_ROWS = 10_000
AT_ONCE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Limit:
    """How long the next try has to wait after a number of failures."""

    window: timedelta  # failures that are older are forgotten
    free: int  # failures before the first delay
    first: timedelta  # doubled by each further failure
    longest: timedelta

    def delay(self, failures: int) -> timedelta:
        """How long after the last failure the next try may come."""
        if failures < self.free:
            return AT_ONCE
        doublings = min(failures - self.free, 16)
        return min(self.first * (1 << doublings), self.longest)

    def remaining(self, failed: QuerySet[AccessAttempt], now: datetime) -> timedelta:
        """How long from now these failures still forbid a try."""
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
    free=50,  # mistakes of a whole call centre behind one address
    first=timedelta(seconds=5),
    longest=timedelta(minutes=1),
)
NAME = Limit(
    window=timedelta(minutes=15),
    free=30,
    first=timedelta(seconds=5),
    longest=timedelta(minutes=1),
)


class LockOut(AxesDatabaseHandler):  # type: ignore[misc]  # axes has no types
    """The database handler of django-axes with these limits."""

    def is_locked(self, request: HttpRequest, credentials: Credentials = None) -> bool:
        return self.remaining(request, credentials) > AT_ONCE

    def remaining(self, request: Any, credentials: Credentials) -> timedelta:
        """How long this client still has to wait for a try at this user name."""
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
        """The failures that count for this request: its known device's own, or its pair's."""
        name = get_client_username(request, credentials)
        failed = AccessAttempt.objects.filter(username=name)
        if device := _known_device(request, name):
            return [failed.filter(user_agent=device)]
        return [failed.filter(ip_address=request.axes_ip_address)]

    def user_login_failed(
        self, sender: object, credentials: dict[str, Any], request: Any = None, **kwargs: Any
    ) -> None:
        """Count a failure, in one row for a device whatever browser it says to be."""
        if request is not None:
            name = get_client_username(request, credentials)
            request.axes_user_agent = _known_device(request, name) or request.axes_user_agent
        super().user_login_failed(sender, credentials, request, **kwargs)
        if request is not None:
            (judged,) = self.filter_user_attempts(request, credentials)
            # axes appends each form to the row, without an end.
            judged.update(get_data="", post_data="")
            _prune()


def locked_out_page(
    request: HttpRequest, response: HttpResponse | None, credentials: Credentials
) -> HttpResponse:
    """Say how long to wait. django-axes calls it for a try that is refused."""
    wait = AxesProxyHandler.get_implementation().remaining(request, credentials)
    seconds = max(math.ceil(wait.total_seconds()), 1)
    context = {"wait": in_words(seconds)}
    page = render(request, "locked_out.html", context, status=HTTPStatus.TOO_MANY_REQUESTS)
    page["Retry-After"] = str(seconds)
    return page


def in_words(seconds: int) -> str:
    """A wait as people say it: ``15 seconds``, ``2 minutes``."""
    if seconds < 100:
        return f"{seconds} second{'s' if seconds != 1 else ''}"
    return f"{math.ceil(seconds / 60)} minutes"


def _known_device(request: HttpRequest, username: str | None) -> str:
    """How the rows name the user's own browser; empty for every other one."""
    device = KnownDevice.read(request)
    if device is None or username is None or not device.knows(username):
        return ""
    return f"known device {device.name}"


def _prune() -> None:
    """Delete what is over MAX_ROWS, oldest first."""
    newest = AccessAttempt.objects.order_by("-pk").values_list("pk", flat=True).first()
    if newest is not None:
        AccessAttempt.objects.filter(pk__lte=newest - MAX_ROWS).delete()
