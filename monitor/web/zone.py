"""The middleware that shows times in the zone of whoever looks at them.

A browser tells its zone by a cookie that ``static/js/pages/zone.js`` sets. Before it has, and for
a zone that this machine does not know, times are in UTC.
"""

from __future__ import annotations

import functools
import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

COOKIE = "zone"


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> object:
    """Answer a request with the browser's time zone as the current one."""

    def answer(request: HttpRequest) -> HttpResponse:
        zone = named(request.COOKIES.get(COOKIE, ""))
        if zone is None:
            return get_response(request)
        with timezone.override(zone):
            return get_response(request)

    return answer


@functools.lru_cache(maxsize=100)  # browsers name what they like
def named(name: str) -> zoneinfo.ZoneInfo | None:
    """Return a zone of the IANA database, or None if there is none of this name."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None
