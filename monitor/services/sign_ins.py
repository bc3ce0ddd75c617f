"""Who is signed in by a session: asked by sockets, when they are opened and again and again."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
)
from django.utils.crypto import constant_time_compare

from monitor.services import permissions, sessions
from monitor.services.session_store import SessionStore


class SignIn(NamedTuple):
    """A user who is signed in, and the session that says so."""

    user: Any
    session: SessionStore


def sign_ins_of(session_keys: Collection[str]) -> dict[str, SignIn]:
    """Return the active users that these sessions still sign in, by the sessions' keys, with what
    they may do. Any number of them takes three queries. An open socket is a use of its session.

    ``django.contrib.auth.get_user`` would do, but after a rotation of SECRET_KEY it changes the
    session's key, and there is no response here that could bring the new key to the browser.
    """
    sessions_read = SessionStore.read(session_keys)
    users = _users_of(sessions_read.values())
    found = {}
    for key, session in sessions_read.items():
        user = users.get(session.get(SESSION_KEY, ""))
        if user is not None and _signs_in(session, user):
            sessions.note_use(session)
            found[key] = SignIn(user, session)
    return found


def _users_of(signed_in: Iterable[SessionStore]) -> dict[str, Any]:
    """Return the active users of sessions, by their ids as sessions have them."""
    ids = {str(one[SESSION_KEY]) for one in signed_in if SESSION_KEY in one}
    users = list(get_user_model()._default_manager.filter(pk__in=ids, is_active=True))
    permissions.read(users)
    return {str(user.pk): user for user in users}


def _signs_in(session: SessionStore, user: Any) -> bool:
    """Return whether a session is still one of its user: a new password ends those before it."""
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return False
    known = session.get(HASH_SESSION_KEY, "")
    valid = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(known, one) for one in valid)
