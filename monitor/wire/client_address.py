"""The address of a client, as its connection and the trusted proxies tell it.

Each proxy appends to X-Forwarded-For the address that it was called from. Whatever is further
left came with the request, and a client can write anything there.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any, Self

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Scope = dict[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[Any]]

UNKNOWN = "unknown"  # shown in place of the address of a client that has none
MAX_HOPS = 10
MAPPED_BITS = 96  # of ::ffff:0:0/96, before the 32 of an IPv4 address (RFC 4291 section 2.5.5.2)
WITH_PORT = re.compile(r"\[([^\]]+)\](?::\d{1,5})?|([\d.]+):\d{1,5}")


def parse_address(text: str) -> Address | None:
    """Read an address as proxies write it, with or without a port.

    ``192.0.2.1``, ``192.0.2.1:51234``, ``2001:db8::1`` and ``[2001:db8::1]:443``
    are addresses. For anything else the result is None. An IPv4 address that is written as
    IPv6 (``::ffff:192.0.2.1``) becomes IPv4, and a zone (``%eth0``) is left out, because no
    database column takes it.
    """
    text = text.strip()
    if with_port := WITH_PORT.fullmatch(text):
        text = with_port[1] or with_port[2]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def parse_networks(text: str) -> tuple[Network, ...]:
    """Read networks or addresses that are separated by commas. Raises ValueError.

    An IPv4 network that is written as IPv6 becomes IPv4, as ``parse_address`` does it.
    """
    return tuple(_parse_network(one.strip()) for one in text.split(",") if one.strip())


def _parse_network(text: str) -> Network:
    network = ip_network(text)
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None or network.prefixlen < MAPPED_BITS:
        return network
    return IPv4Network((mapped, network.prefixlen - MAPPED_BITS))


def within(address: Address | None, networks: Iterable[Network]) -> bool:
    """Return whether the address is known and in one of the networks."""
    return address is not None and any(address in network for network in networks)


def is_loopback(host: str) -> bool:
    """Return whether this host, a name or an address without brackets, is this machine."""
    address = parse_address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The proxies whose X-Forwarded-For is believed, told by their networks or their number."""

    networks: tuple[Network, ...] = ()
    hops: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the setting: nothing, a number of proxies, or networks.

        Raises ValueError.
        """
        text = text.strip()
        if not text.isdecimal():
            return cls(networks=parse_networks(text))
        if not 1 <= int(text) <= MAX_HOPS:
            raise ValueError(f"{text} is not a number of proxies from 1 to {MAX_HOPS}")
        return cls(hops=int(text))

    def __bool__(self) -> bool:
        return bool(self.networks or self.hops)

    def find_client(self, peer: str, forwarded: list[str]) -> Address | None:
        """Return the rightmost address that is not a trusted proxy's, or None if it is unknown.

        ``peer`` is the other end of the connection, empty for a Unix socket.
        ``forwarded`` holds the elements of X-Forwarded-For in their order.
        """
        path = [*forwarded, peer]
        if self.hops:
            return parse_address(path[-1 - min(self.hops, len(forwarded))])
        address = parse_address(path.pop())
        while path and within(address, self.networks):
            address = parse_address(path.pop())
        return address


def find_client(scope: Scope, trusted: TrustedProxies) -> list[str | int] | None:
    """Return the ``client`` of an ASGI scope, or None if the address is unknown.

    Its port is 0, because proxies rarely tell the client's.
    """
    peer = scope.get("client") or [""]
    # Several header lines are one list, in their order (RFC 9110 section 5.3).
    lines = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    elements = b",".join(lines).decode("latin1").split(",")
    forwarded = [element for element in elements if element.strip()]
    address = trusted.find_client(str(peer[0]), forwarded)
    return None if address is None else [str(address), 0]


class ClientAddress:
    """ASGI middleware that puts the client's address into the scope, whatever the server."""

    def __init__(self, app: App, trusted: TrustedProxies) -> None:
        self._app = app
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            scope = {**scope, "client": find_client(scope, self._trusted)}
        await self._app(scope, receive, send)
