"""Parse the settings that are addresses: origins, hosts, ports and networks.

Each parser returns a value, or raises ``ValueError`` as those of ``monitor.env`` do.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address
from urllib.parse import urlsplit

from monitor.env import items
from monitor.wire.client_address import (
    Network,
    TrustedProxies,
    is_loopback,
    parse_networks,
)
from monitor.wire.redis_address import RedisAddress

#: What Django lets ALLOWED_HOSTS hold: a name, all names below one, everything, or IPv6.
HOST = re.compile(r"\*|\.?[a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:.]+\]", re.IGNORECASE)


def origin(text: str) -> str:
    """Parse ``scheme://host[:port]``. Paths are refused, because those below it are ours."""
    value = text.rstrip("/")
    try:
        parts = urlsplit(value)
        valid = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        plain = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    except ValueError:
        valid = plain = False
    if not (valid and plain):
        raise ValueError("https://host or https://host:port")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def origins(text: str) -> list[str]:
    """Parse origins that are separated by commas."""
    return [origin(item) for item in items(text)]


def host_of(address: str) -> str:
    """Return the host of an origin, with brackets around an IPv6 address."""
    host = str(urlsplit(address).hostname)
    return f"[{host}]" if ":" in host else host


def hosts(text: str) -> list[str]:
    """Parse host names as ALLOWED_HOSTS holds them, separated by commas."""
    found = items(text)
    if not all(HOST.fullmatch(host) for host in found):
        raise ValueError("host names without scheme, port or path: a.example,.b.example")
    return found


def issuer(text: str) -> str:
    """Parse the URL of an OpenID Connect issuer. Text may be empty.

    Without TLS anybody on the way could sign in as anybody, so plain http is for this machine only.
    """
    value = text.rstrip("/")
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    is_safe = host and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
    if value and not is_safe:
        raise ValueError("a URL with https://, or http:// for a provider on this machine")
    return value


def space(text: str) -> str:
    """Parse the host of a SignalWire space. Text may be empty.

    Only the simulator, which is on this machine, may do without a dot in its name.
    """
    value = text.lower()
    host, _, port = value.partition(":")
    named = HOST.fullmatch(host) and not host.startswith((".", "*"))
    known = "." in host or host == "localhost"
    if value and not (named and known and (not port or port.isdecimal())):
        raise ValueError("the space's host name, such as example.signalwire.com")
    return value


def ipv4(text: str) -> str:
    """Parse an IPv4 address, the only kind that an ``rtp://`` URI names."""
    try:
        return str(IPv4Address(text))
    except ValueError:
        raise ValueError("an IPv4 address") from None


def ports(text: str) -> range:
    """Parse ``first-last`` and return its even ports: RTP's are even (RFC 3550 section 11)."""
    first, _, last = text.partition("-")
    if first.isdecimal() and last.isdecimal():
        found = range(int(first) + int(first) % 2, int(last) + 1, 2)
        if found and found[0] >= 1024 and found[-1] <= 65535:
            return found
    raise ValueError("first-last, from 1024 to 65535")


def payload_types(text: str) -> frozenset[int]:
    """Parse dynamic RTP payload types (RFC 3551 section 3), separated by commas."""
    found = [item.strip() for item in text.split(",")] if text else []
    if not all(item.isdecimal() and 96 <= int(item) <= 127 for item in found):
        raise ValueError("payload types from 96 to 127: 101,102")
    return frozenset(int(item) for item in found)


def trusted_proxies(text: str) -> TrustedProxies:
    """Parse the networks of the proxies in front of the server, or their number."""
    try:
        return TrustedProxies.parse(text)
    except ValueError as error:
        raise ValueError(
            f"networks, such as 10.0.0.0/8,fd00::/8, or the number of proxies ({error})"
        ) from None


def networks(text: str) -> tuple[Network, ...]:
    """Parse networks or addresses that are separated by commas."""
    try:
        return parse_networks(text)
    except ValueError as error:
        raise ValueError(f"networks, such as 10.0.0.0/8,fd00::/8 ({error})") from None


def redis_url(text: str) -> str:
    """Check the URL of Redis, in any of the forms of RedisAddress. Text may be empty."""
    if value := text.strip():
        RedisAddress.parse(value)
    return value
