"""System checks: what is wrong with the settings, and what to do about it."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning

from .client_address import is_loopback

HOLD = 60  # seconds; callers are put on hold for longer every day
RTP = "rtp"  # a tag of its own: manage.py rtptaps runs this one only


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


@register(Tags.security, deploy=True)
def proxies(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A public server whose clients cannot be told apart, or choose their own addresses."""
    if settings.TRUSTED_PROXIES or is_loopback(str(urlsplit(settings.PUBLIC_URL).hostname)):
        return []
    return [
        CheckWarning(
            "TRUSTED_PROXIES is not set: behind a proxy all clients have the proxy's address.",
            hint="Wrong passwords of a stranger then slow down every new browser's sign-in, and "
            "the history names the proxy. Set TRUSTED_PROXIES to the proxy's network, or to the "
            "number of proxies.",
            id="monitor.W004",
        )
    ]


@register(RTP)
def rtp(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """RTP taps that would be sent past the receiver."""
    public, host = IPv4Address(settings.RTP_PUBLIC_IP), IPv4Address(settings.RTP_HOST)
    if public.is_loopback or not host.is_loopback:
        return []
    return [
        CheckWarning(
            f"RTP_HOST is {host}: nothing that is sent to RTP_PUBLIC_IP would be received.",
            hint="Set RTP_HOST=0.0.0.0, or to the address of the network card.",
            id="monitor.W002",
        )
    ]


@register(Tags.security, deploy=True)
def rtp_address(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """An address that SignalWire refuses. With both at loopback RTP is not set up at all."""
    public, host = IPv4Address(settings.RTP_PUBLIC_IP), IPv4Address(settings.RTP_HOST)
    if public.is_global or (public.is_loopback and host.is_loopback):
        return []
    return [
        CheckWarning(
            f"RTP_PUBLIC_IP is {public}, which is not a public address: SignalWire refuses it.",
            hint="Set it to the IPv4 address at which this machine is reached from outside.",
            id="monitor.W003",
        )
    ]


@register(Tags.security, deploy=True)
def rtp_sources(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report RTP ports that take audio from anywhere."""
    if settings.RTP_SOURCES or not IPv4Address(settings.RTP_PUBLIC_IP).is_global:
        return []
    return [
        CheckWarning(
            "RTP_SOURCES is not set: whoever reaches the ports of RTP_PORTS may be heard as a "
            "call.",
            hint="Set it to the networks that SignalWire sends your RTP from, and let the "
            "firewall pass no others.",
            id="monitor.W008",
        )
    ]


@register(Tags.compatibility)
def silence(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report a limit that ends taps of calls on hold."""
    if settings.SILENT_FOR >= HOLD:
        return []
    return [
        CheckWarning(
            f"SILENT_FOR is {settings.SILENT_FOR} s: calls on hold for longer are given up.",
            hint=f"Set it to {HOLD} or more.",
            id="monitor.W005",
        )
    ]


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
