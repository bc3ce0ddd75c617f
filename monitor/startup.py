"""What a server says and does once, as it starts."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import DatabaseError

from . import checks, demo

logger = logging.getLogger(__name__)


def say_what_is_missing() -> None:
    """Log every setting that a server on the public internet lacks, with what to do about it.

    ``manage.py check --deploy`` finds the same, but nobody has to run it. A server whose
    PUBLIC_URL is plain http is one for trying things out, and says nothing.
    """
    if settings.SECURE:
        for found in (*checks.production(None), *checks.proxies(None)):
            logger.warning("%s %s", found.msg, found.hint)


def lock_demo_users() -> None:
    """Keep the demo's users out of a server that is not the demo's.

    Their passwords lie in the checkout where a demo ran, which may have been ended by a
    ``kill -9`` before it could lock them itself.
    """
    if settings.DEMO:
        return
    try:
        locked = demo.lock_users()
    except DatabaseError:
        logger.exception("not known whether users of the demo can sign in here")
        return
    if locked:
        logger.warning("locked the demo's users, who could still sign in: %s", ", ".join(locked))
