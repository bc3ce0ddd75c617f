"""The outermost ASGI application: it sends agents' HTTP paths to the SDK, the rest to monitor."""

from __future__ import annotations

import logging

from django.conf import settings

from agents.mounts import BODY_LIMIT, Mounts
from agents.receptionist import Receptionist
from monitor.asgi import earshot, protected

logger = logging.getLogger(__name__)

AGENTS = (Receptionist,)


def build() -> Mounts:
    """Return the application, with every agent mounted at its route."""
    if not (settings.SWML_BASIC_AUTH_USER and settings.SWML_BASIC_AUTH_PASSWORD):
        logger.warning(
            "SWML_BASIC_AUTH_USER and SWML_BASIC_AUTH_PASSWORD are not both set: the agents "
            "have a random password, so SignalWire cannot fetch them"
        )
    agents = [agent() for agent in AGENTS]
    return Mounts({agent.route: agent.get_app() for agent in agents}, earshot)


application = protected(build(), BODY_LIMIT)
