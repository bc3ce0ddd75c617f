"""Limits the age of sessions, and keeps those open that are used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest, HttpResponse

from monitor.services import sessions
from monitor.services.session_store import SessionStore


def connect() -> None:
    """Register what notes the time of every sign-in."""
    user_logged_in.connect(_on_sign_in, dispatch_uid=__name__)


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Put the end of a session off with each request that looked at it."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if isinstance(request.session, SessionStore) and request.session.accessed:
            sessions.note_use(request.session)
        return response

    return answer


def _on_sign_in(request: HttpRequest, **kwargs: object) -> None:
    sessions.begin(request.session)
