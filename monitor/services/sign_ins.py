"""Who is signed in by a session: asked by sockets, when they are opened and again and again."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
)
from django.utils.crypto import constant_time_compare

from monitor.services import sessions
from monitor.services.session_store import SessionStore


class SignIn(NamedTuple):
    """A user who is signed in, and the session that says so."""

    user: Any
    session: SessionStore


def sign_in_of(session_key: str) -> SignIn | None:
    """Return the active user that a session still signs in, or None. An open socket is a use of
    its session.

    ``django.contrib.auth.get_user`` would do, but after a rotation of SECRET_KEY it changes the
    session's key, and there is no response here that could bring the new key to the browser.
    """
    session = SessionStore(session_key)
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    user = get_user_model()._default_manager.filter(pk=session.get(SESSION_KEY, 0)).first()
    if user is None or not user.is_active:
        return None
    known = session.get(HASH_SESSION_KEY, "")
    valid = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    if not any(constant_time_compare(known, one) for one in valid):
        return None
    sessions.note_use(session)
    return SignIn(user, session)
