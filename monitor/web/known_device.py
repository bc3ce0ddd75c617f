"""Recognizes browsers in which a user has signed in before.

A signed cookie names the browser and its users. It gives no access: it only lets the lock-out
distinguish a user's own browser from a stranger behind the same address.
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

SALT = "monitor.web.known_device"
MAX_AGE = 180 * 24 * 3600  # seconds
MAX_USERS = 20  # in one browser, because the desks of a call centre are shared


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A browser: its random name, and a mark for each user who signed in there, oldest first."""

    name: str
    users: tuple[str, ...] = ()

    @classmethod
    def read(cls, request: HttpRequest) -> Self | None:
        """Return the browser that the request's cookie names; None without a cookie of ours."""
        cookie = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")
        try:
            name, *users = signing.loads(cookie, salt=SALT, max_age=MAX_AGE)
        except signing.BadSignature:
            return None
        return cls(name, tuple(users))

    def knows(self, username: str) -> bool:
        """Return whether this user has signed in there before."""
        return _mark(username) in self.users

    def with_user(self, username: str) -> Self:
        """Return the browser with a user who has just signed in added."""
        mark = _mark(username)
        others = [one for one in self.users if one != mark]
        return type(self)(self.name, (*others, mark)[-MAX_USERS:])

    def cookie(self) -> str:
        """Return the cookie's value."""
        return signing.dumps([self.name, *self.users], salt=SALT)


def remember_user(sender: object, request: HttpRequest, user: Any, **kwargs: object) -> None:
    """Have the response to this request set the cookie with the user who signed in."""
    device = KnownDevice.read(request) or KnownDevice(secrets.token_hex(16))
    request.META["earshot.known_device"] = device.with_user(user.get_username())


def connect() -> None:
    """Register ``remember_user`` for every sign-in, whichever page it comes from."""
    user_logged_in.connect(remember_user, dispatch_uid=SALT)


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Send the cookie with the response to a sign-in."""

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
    """Return a user's mark in the cookie. It hides the name from others at the same desk."""
    return salted_hmac(SALT, username).hexdigest()[:16]
