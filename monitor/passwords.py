"""Passwords that an administrator set: their users choose another one when they sign in.

Until then a session opens nothing but the page on which the password is changed, neither
pages nor sockets. The session itself says so, which costs no look-up: a password that is
set ends the user's earlier sessions.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.deprecation import MiddlewareMixin

from .models import AssignedPassword

PAGE = "password"  # the URL's name
ALLOWED = {PAGE, "logout"}
MUST_CHANGE = "must_change_password"  # in a session


def assigned(user: Any) -> None:
    """Note that somebody else has set this user's password, or taken it away."""
    if user.has_usable_password():
        AssignedPassword.objects.get_or_create(user=user)
    else:
        AssignedPassword.objects.filter(user=user).delete()


def chosen(request: HttpRequest) -> None:
    """Note that the request's user has chosen a password, and free their session."""
    AssignedPassword.objects.filter(user=request.user).delete()  # type: ignore[misc]  # signed in
    request.session.pop(MUST_CHANGE, None)


def must_change(session: SessionBase) -> bool:
    """Whether this session is for nothing but changing the password."""
    return MUST_CHANGE in session


def connect() -> None:
    """Have each sign-in looked at."""
    user_logged_in.connect(_signed_in)


def _signed_in(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    if AssignedPassword.objects.filter(user=user).exists():
        request.session[MUST_CHANGE] = True


class PasswordChangeRequired(MiddlewareMixin):
    """Sends a session that must change its password to the page for it."""

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        match = request.resolver_match
        if must_change(request.session) and match and match.url_name not in ALLOWED:
            return redirect(PAGE)
        return None
