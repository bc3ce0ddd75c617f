"""Makes users whose password an administrator has set choose another one when they sign in.

Until they do, their session opens no socket, and no page but the one on which the password is
changed. On that page they may change their settings. The session itself records this, which costs
no query. That is enough, because setting a password ends the user's earlier sessions.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.deprecation import MiddlewareMixin

from monitor.services import passwords
from monitor.web import catalogue

PAGE = "password"  # the URL's name
ALLOWED = {PAGE, "logout", "settings", catalogue.PAGE}
MUST_CHANGE = "must_change_password"  # the session's key


def must_change(session: SessionBase) -> bool:
    """Return whether the user must change the password before any other page opens."""
    return MUST_CHANGE in session


def mark_chosen(request: HttpRequest) -> None:
    """Record that the request's user has chosen a password, and lift the session's restriction."""
    passwords.mark_chosen(request.user)
    request.session.pop(MUST_CHANGE, None)


def connect() -> None:
    """Register the check for an assigned password, which runs at every sign-in."""
    user_logged_in.connect(_on_sign_in)


def _on_sign_in(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    if passwords.is_assigned(user):
        request.session[MUST_CHANGE] = True


class PasswordChangeRequired(MiddlewareMixin):
    """Redirects a session that must change its password to the page for it."""

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        match = request.resolver_match
        # What anybody may have is answered without a look at the session, which caches would heed.
        is_allowed = match is None or match.url_name in ALLOWED
        return None if is_allowed or not must_change(request.session) else redirect(PAGE)
