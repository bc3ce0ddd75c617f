"""Browsers in which a user has signed in before.

A signed cookie names the browser and the users. It opens nothing: it only lets
the lock-out tell a user's own browser from a stranger behind the same address.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

SALT = "monitor.known_device"
MAX_AGE = 180 * 24 * 3600  # seconds
MAX_USERS = 20  # of one browser: the desks of a call centre are shared


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A browser: its random name, and marks of the users who signed in there, oldest first."""

    name: str
    users: tuple[str, ...] = ()

    @classmethod
    def read(cls, request: HttpRequest) -> Self | None:
        """Read the browser's cookie; None without one that we have signed."""
        cookie = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")
        try:
            name, *users = signing.loads(cookie, salt=SALT, max_age=MAX_AGE)
        except signing.BadSignature:
            return None
        return cls(name, tuple(users))

    def knows(self, username: str) -> bool:
        """Has this user signed in there before?"""
        return _mark(username) in self.users

    def with_user(self, username: str) -> Self:
        """Add a user who has just signed in."""
        mark = _mark(username)
        others = [one for one in self.users if one != mark]
        return type(self)(self.name, (*others, mark)[-MAX_USERS:])

    def cookie(self) -> str:
        """Return the cookie's value."""
        return signing.dumps([self.name, *self.users], salt=SALT)


def remember_user(sender: object, request: HttpRequest, user: Any, **kwargs: object) -> None:
    """Have the answer to this request tell the browser that the user signed in there."""
    device = KnownDevice.read(request) or KnownDevice(secrets.token_hex(16))
    request.META["earshot.known_device"] = device.with_user(user.get_username())


def connect() -> None:
    """Follow every sign-in, whichever page it came by."""
    user_logged_in.connect(remember_user, dispatch_uid=SALT)


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Send the cookie with the answer to a sign-in."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        device = request.META.get("earshot.known_device")
        if device is not None:
            response.set_cookie(
                settings.DEVICE_COOKIE_NAME,
                device.cookie(),
                max_age=MAX_AGE,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response

    return answer


def _mark(username: str) -> str:
    """A user's mark in a cookie, which others at the same desk could read."""
    return salted_hmac(SALT, username).hexdigest()[:16]
