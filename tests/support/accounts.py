"""The SignalWire account whose calls reach a test's server."""

from __future__ import annotations

from django.conf import settings

from monitor.sim.platform import Account
from tests.support.servers import Server


def account(server: Server) -> Account:
    return Account(
        base_url=server.url,
        agent="receptionist",
        user=settings.SWML_BASIC_AUTH_USER,
        password=settings.SWML_BASIC_AUTH_PASSWORD,
        signing_key=settings.SIGNALWIRE_SIGNING_KEY,
        project_id="project-1",
    )
