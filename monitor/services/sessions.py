"""The sessions of users: how long one lasts, and ending all sessions of a user."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone

from monitor.services.session_store import SIGNED_IN_AT, SessionStore


def begin(session: Any) -> None:
    """Note in a session that its user has just signed in, from which on its age counts."""
    session[SIGNED_IN_AT] = time.time()


def note_use(session: SessionStore) -> None:
    """Put the end of a signed-in session off, unless that was done a short while ago.

    Only the row's end is written: a request may be changing the rest at the same time.
    """
    if SIGNED_IN_AT not in session or session.ends_at is None:
        return
    idle = timedelta(seconds=settings.SESSION_IDLE)
    ends_at = session.get_expiry_date()
    if session.ends_at - timezone.now() < idle * 0.75:
        Session.objects.filter(session_key=session.session_key).update(expire_date=ends_at)


def end_all(user: Any) -> None:
    """End all sessions of a user. A session's row does not name its user, so each is read."""
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            session.delete()
