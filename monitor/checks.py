"""System checks: what is wrong with the settings, and what to do about it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning


@register(Tags.security, deploy=True)
def production(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """What must be set before SignalWire may send calls here."""
    found: list[CheckMessage] = []
    if not settings.PUBLIC_URL.startswith("https://"):
        found.append(
            Error(
                "PUBLIC_URL is not https.",
                hint="SignalWire streams to wss:// and posts to https://. "
                "Set PUBLIC_URL=https://your.host.",
                id="monitor.E001",
            )
        )
    if not settings.REDIS_URL:
        found.append(
            Error(
                "REDIS_URL is not set.",
                hint="The embedded Valkey serves one machine. Set REDIS_URL=redis://…",
                id="monitor.E002",
            )
        )
    if not settings.SIGNALWIRE_SIGNING_KEY:
        found.append(
            Error(
                "SIGNALWIRE_SIGNING_KEY is not set: status webhooks are not verified.",
                hint="Copy the signing key from the dashboard, API Credentials.",
                id="monitor.E003",
            )
        )
    return found


@register(Tags.compatibility)
def agents(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Settings the agents' SDK replaces by random ones, new in every process."""
    found: list[CheckMessage] = []
    if bool(settings.SWML_BASIC_AUTH_USER) != bool(settings.SWML_BASIC_AUTH_PASSWORD):
        found.append(
            Error(
                "Only one of SWML_BASIC_AUTH_USER and SWML_BASIC_AUTH_PASSWORD is set.",
                hint="Set both: SignalWire fetches /agents/… with them.",
                id="monitor.E004",
            )
        )
    if not settings.SIGNALWIRE_SWAIG_SECRET:
        found.append(
            CheckWarning(
                "SIGNALWIRE_SWAIG_SECRET is not set.",
                hint="Without it a restart, or a second worker, refuses the tools of calls "
                "that are under way. Set it to 32 random characters or more.",
                id="monitor.W001",
            )
        )
    return found
