"""The sessions' rows, which end after a time without use, and some hours after the sign-in.

Django's own sessions end a time after they were last written, however often that is. Here the row
ends after SESSION_IDLE_MINUTES, put off while the session is used (``monitor.services.sessions``),
and at the latest SESSION_MAX_HOURS after the sign-in. The cookie may live until then.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

SIGNED_IN_AT = "signed_in_at"  # the session's key; seconds since 1970


class SessionStore(db.SessionStore):
    """A session whose age is limited. Django finds it by this name."""

    #: When the row ends, if it was read.
    ends_at: datetime.datetime | None = None
    #: The row, if it was read with those of others.
    _row: Session | None = None

    @classmethod
    def read(cls, keys: Collection[str]) -> dict[str, SessionStore]:
        """Return those sessions of these keys that have not ended. It takes one query."""
        rows = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
        sessions = {row.session_key: cls(row.session_key) for row in rows}
        for row in rows:
            sessions[row.session_key]._row = row
        return sessions

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def get_expiry_age(self, **kwargs: Any) -> int:
        """Return how many seconds the session has at most."""
        longest = settings.SESSION_COOKIE_AGE
        return int(self.get(SIGNED_IN_AT, time.time()) + longest - time.time())

    def get_expiry_date(self, **kwargs: Any) -> datetime.datetime:
        """Return when the row ends unless the session is used again."""
        seconds = min(self.get_expiry_age(), settings.SESSION_IDLE)
        return timezone.now() + datetime.timedelta(seconds=seconds)

    def _get_session_from_db(self) -> Session | None:
        row, self._row = self._row, None
        row = row or super()._get_session_from_db()  # type: ignore[misc]  # has no stub
        self.ends_at = row.expire_date if row else None
        return row
