"""System checks: what is wrong with the settings, and what to do about it."""

from __future__ import annotations

import math
from ipaddress import IPv4Address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning

from monitor.wire.card_numbers import without_card_numbers
from monitor.wire.client_address import is_loopback
from monitor.wire.phrases import words_of
from monitor.wire.private_patterns import has_nested_repetition

HOLD = 60  # seconds; every day some callers are on hold for longer
RTP = "rtp"  # a tag of its own, because manage.py rtptaps runs these checks only


@register(Tags.security, deploy=True)
def production(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report what must be set before SignalWire may send calls here."""
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
                hint="The embedded Valkey serves one machine. Set REDIS_URL=redis://…, or "
                "REDIS_URL_FILE to the path of a file that holds it.",
                id="monitor.E002",
            )
        )
    if not settings.SIGNALWIRE_SIGNING_KEY:
        found.append(
            Error(
                "SIGNALWIRE_SIGNING_KEY is not set: status webhooks are not verified.",
                hint="Copy the signing key from the dashboard, API Credentials, or set "
                "SIGNALWIRE_SIGNING_KEY_FILE to the path of a file that holds it.",
                id="monitor.E003",
            )
        )
    return found


@register(Tags.security, deploy=True)
def ledger_key(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report a ledger that only SECRET_KEY protects."""
    if settings.LEDGER_KEY:
        return []
    return [
        CheckWarning(
            "LEDGER_KEY is not set: the listening ledger's key is made of SECRET_KEY.",
            hint="Whoever has SECRET_KEY can then write the ledger again, and once SECRET_KEY is "
            "changed, no older entry verifies. Set LEDGER_KEY, or LEDGER_KEY_FILE to the path of "
            "a file that holds it, and keep a copy where nobody can reach both it and the "
            "database.",
            id="monitor.W015",
        )
    ]


@register(Tags.security, deploy=True)
def proxies(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report a public server that cannot tell its clients apart."""
    if settings.TRUSTED_PROXIES or is_loopback(str(urlsplit(settings.PUBLIC_URL).hostname)):
        return []
    return [
        CheckWarning(
            "TRUSTED_PROXIES is not set: behind a proxy all clients have the proxy's address.",
            hint="A stranger's wrong passwords then slow down every new browser's sign-in, and "
            "the history shows the proxy's address. Set TRUSTED_PROXIES to the proxy's network, "
            "or to the number of proxies.",
            id="monitor.W004",
        )
    ]


@register(Tags.compatibility, deploy=True)
def call_control(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report why no page offers to have a call tapped."""
    names = ("SIGNALWIRE_SPACE", "SIGNALWIRE_PROJECT_ID", "SIGNALWIRE_API_TOKEN")
    missing = [name for name in names if not getattr(settings, name)]
    if not missing:
        return []
    return [
        CheckWarning(
            f"Supervisors cannot have calls tapped. Not set: {', '.join(missing)}.",
            hint="Without them no page has the button “Listen in”, and SignalWire is not told "
            "when somebody stops the monitoring of a call. Copy them from the dashboard, API "
            "Credentials; the token needs the scope Voice. To do without, silence this check.",
            id="monitor.W011",
        )
    ]


@register(RTP)
def rtp(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report a receiver that the audio of RTP taps would not reach."""
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
    """Report an address that SignalWire refuses. If both are loopback, RTP is not in use."""
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
    """Report RTP ports that accept audio from anywhere."""
    if settings.RTP_SOURCES or not IPv4Address(settings.RTP_PUBLIC_IP).is_global:
        return []
    return [
        CheckWarning(
            "RTP_SOURCES is not set: anybody who can reach the ports of RTP_PORTS can be heard "
            "as a call.",
            hint="Set it to the networks that SignalWire sends your RTP from, and let the "
            "firewall pass no others.",
            id="monitor.W008",
        )
    ]


@register(Tags.compatibility)
def silence(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report a limit that ends the taps of calls on hold."""
    if settings.SILENT_FOR >= HOLD:
        return []
    return [
        CheckWarning(
            f"SILENT_FOR is {settings.SILENT_FOR} s: calls on hold for longer lose their taps.",
            hint=f"Set it to {HOLD} or more.",
            id="monitor.W005",
        )
    ]


@register(Tags.compatibility)
def attention(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report thresholds that call the wrong thing by its name."""
    found: list[CheckMessage] = []
    if settings.GONE_STILL_SECONDS < settings.ONE_WAY_SECONDS < math.inf:
        found.append(
            CheckWarning(
                "ONE_WAY_SECONDS is more than GONE_STILL_SECONDS: a side that could be heard is "
                "said to be one-way before one that never was.",
                hint="An agent's voice is still while it listens, so GONE_STILL_SECONDS must be "
                "the longer one.",
                id="monitor.W009",
            )
        )
    if settings.SILENT_SIDE_SECONDS <= settings.DEAD_AIR_SECONDS < math.inf:
        found.append(
            CheckWarning(
                "DEAD_AIR_SECONDS is not less than SILENT_SIDE_SECONDS: when both sides fall "
                "silent, each is said to be silent towards the other.",
                hint="Set SILENT_SIDE_SECONDS to about three times DEAD_AIR_SECONDS.",
                id="monitor.W010",
            )
        )
    return found


@register(Tags.compatibility)
def watched_phrases(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report phrases that are found nowhere or everywhere. No message shows what is watched for."""
    named = {"WATCHED_PHRASES": settings.WATCHED_PHRASES, "HUMAN_PHRASES": settings.HUMAN_PHRASES}
    found: list[CheckMessage] = []
    for name, phrases in named.items():
        numbers = [n for n, one in enumerate(phrases, 1) if without_card_numbers(one) != one]
        letters = [n for n, one in enumerate(phrases, 1) if len("".join(words_of(one))) == 1]
        if numbers:
            found.append(
                CheckWarning(
                    f"{name} has card numbers, at {_listed(numbers)}: they are never found.",
                    hint="Card numbers are taken out of what is said before it is looked at.",
                    id="monitor.W012",
                )
            )
        if letters:
            found.append(
                CheckWarning(
                    f"{name} has single letters or digits, at {_listed(letters)}: nearly every "
                    "call would need attention.",
                    hint="Write phrases of whole words, separated by semicolons.",
                    id="monitor.W013",
                )
            )
    return found


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


@register(Tags.compatibility)
def agents(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report settings for which the agents' SDK otherwise makes up a value per process."""
    found: list[CheckMessage] = []
    if bool(settings.SWML_BASIC_AUTH_USER) != bool(settings.SWML_BASIC_AUTH_PASSWORD):
        found.append(
            Error(
                "Only one of SWML_BASIC_AUTH_USER and SWML_BASIC_AUTH_PASSWORD is set.",
                hint="Set both: SignalWire fetches /agents/… with them. "
                "SWML_BASIC_AUTH_PASSWORD_FILE may name a file that holds the password.",
                id="monitor.E004",
            )
        )
    if not settings.SIGNALWIRE_SWAIG_SECRET:
        found.append(
            CheckWarning(
                "SIGNALWIRE_SWAIG_SECRET is not set.",
                hint="Without it, a restarted or a second worker refuses the tools of calls "
                "that are under way. Set it to 32 random characters or more, or set "
                "SIGNALWIRE_SWAIG_SECRET_FILE to the path of a file that holds them.",
                id="monitor.W001",
            )
        )
    return found


@register(Tags.security, deploy=True)
def redaction(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report patterns with which one sentence could keep a thread busy for ever."""
    return [
        CheckWarning(
            f"A pattern of REDACT_PATTERNS repeats a group that repeats something: {one.pattern}",
            hint="On a text that nearly matches, it can take for ever. Write it with one "
            "repetition only, or with {1,9} in the group's place.",
            id="monitor.W014",
        )
        for one in settings.REDACT_PATTERNS
        if has_nested_repetition(one)
    ]
