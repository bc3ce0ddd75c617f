"""What a server logs and does once, when it starts."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import DatabaseError

from monitor import checks
from monitor.servers import demo

logger = logging.getLogger(__name__)


def say_what_is_missing() -> None:
    """Log every setting that a server on the public internet lacks, with what to do about it.

    ``manage.py check --deploy`` finds the same, but nobody has to run it. A server whose
    PUBLIC_URL is plain http is for trying things out, so nothing is logged there.
    """
    if settings.SECURE:
        for found in (*checks.production(None), *checks.proxies(None)):
            logger.warning("%s %s", found.msg, found.hint)


def lock_demo_users() -> None:
    """Keep the demo's users out of a server that is not the demo's.

    A demo locks its users itself when it ends, unless it was killed with ``kill -9``. Their
    passwords are still in its checkout then.
    """
    if settings.DEMO:
        return
    try:
        locked = demo.lock_users()
    except DatabaseError:
        logger.exception("it is not known whether users of the demo can sign in here")
        return
    if locked:
        logger.warning("locked the demo's users, who could still sign in: %s", ", ".join(locked))
