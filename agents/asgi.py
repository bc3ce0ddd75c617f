"""The outermost ASGI application: the agents' HTTP paths to the SDK, the rest to monitor."""

from __future__ import annotations

import logging

from django.conf import settings

from monitor.asgi import earshot, protected

from .mounts import Mounts
from .receptionist import Receptionist

logger = logging.getLogger(__name__)

AGENTS = (Receptionist,)


def build() -> Mounts:
    """The application, with every agent mounted at its route."""
    if not (settings.SWML_BASIC_AUTH_USER and settings.SWML_BASIC_AUTH_PASSWORD):
        logger.warning(
            "SWML_BASIC_AUTH_USER and SWML_BASIC_AUTH_PASSWORD are not both set: the agents "
            "have a random password, and only who knows it can fetch them"
        )
    agents = [agent() for agent in AGENTS]
    return Mounts({agent.route: agent.get_app() for agent in agents}, earshot)


application = protected(build())
