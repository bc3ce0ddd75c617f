"""A request has its client's address, which a trusted proxy may name and a client never."""

from __future__ import annotations

from typing import Any

import pytest

from monitor import checks
from monitor.web.sockets.origin import client_of
from monitor.wire.client_address import (
    ClientAddress,
    TrustedProxies,
    find_client,
    parse_address,
    parse_networks,
    within,
)

PROXIES = "10.0.0.0/8, fd00::/8"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        (" 203.0.113.7 ", "203.0.113.7"),
        ("203.0.113.7:51234", "203.0.113.7"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:80", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_an_address_is_read_as_proxies_write_it(text: str, address: str) -> None:
    assert str(parse_address(text)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unknown",
        "_hidden",
        "-",
        "proxy.example",
        "203.0.113",
        "203.0.113.256",
        "203.0.113.7:",
        "203.0.113.7:x",
        "203.0.113.7:512345",
        "[2001:db8::1",
        "[203.0.113.7",
        "2001:db8::1]:443",
        "203.0.113.7/32",
        "203.0.113.7 203.0.113.8",
        "\0",
        "²03.0.113.7",
        "[]:1",
        "9" * 10_000,
    ],
    ids=lambda text: repr(text[:30]),
)
def test_text_that_is_no_address_is_parsed_as_none(text: str) -> None:
    assert parse_address(text) is None


@pytest.mark.parametrize("written", ["10.0.0.0/8", "::ffff:10.0.0.0/104"])
def test_an_ipv4_network_holds_its_addresses_however_it_is_written(written: str) -> None:
    networks = parse_networks(written)
    assert within(parse_address("10.1.2.3"), networks)
    assert within(parse_address("::ffff:10.1.2.3"), networks)
    assert not within(parse_address("11.1.2.3"), networks)


def client(
    trusted: str, peer: str | None, *lines: str, other: tuple[bytes, bytes] = (b"host", b"x")
) -> str | None:
    """Return the client of a request from ``peer`` with these X-Forwarded-For lines."""
    headers = [other, *((b"x-forwarded-for", line.encode("latin1")) for line in lines)]
    scope = {"headers": headers, "client": peer and [peer, 5000]}
    found = find_client(scope, TrustedProxies.parse(trusted))
    return str(found[0]) if found else None


class TestNothingIsTrusted:
    def test_the_client_is_the_other_end_of_the_connection(self) -> None:
        assert client("", "203.0.113.7") == "203.0.113.7"

    def test_a_forwarded_address_is_not_read(self) -> None:
        assert client("", "203.0.113.7", "198.51.100.1") == "203.0.113.7"
        assert client("", "127.0.0.1", "198.51.100.1") == "127.0.0.1"

    def test_a_unix_socket_has_no_address(self) -> None:
        assert client("", None, "198.51.100.1") is None

    def test_a_peer_that_is_no_address_is_unknown(self) -> None:
        assert client("", "unknown") is None


class TestTrustedNetworks:
    def test_the_rightmost_untrusted_address_is_the_client(self) -> None:
        assert client(PROXIES, "10.0.0.1", "198.51.100.1, 203.0.113.7") == "203.0.113.7"

    def test_all_proxies_on_the_way_are_skipped(self) -> None:
        forwarded = "198.51.100.1, 203.0.113.7:51234, [fd00::5]:443, 10.9.9.9"
        assert client(PROXIES, "10.0.0.1", forwarded) == "203.0.113.7"

    def test_several_header_lines_are_one_list_in_their_order(self) -> None:
        assert client(PROXIES, "10.0.0.1", "198.51.100.1", "203.0.113.7") == "203.0.113.7"

    def test_a_stranger_is_not_believed(self) -> None:
        assert client(PROXIES, "203.0.113.7", "198.51.100.1") == "203.0.113.7"

    def test_a_stranger_cannot_write_itself_into_a_trusted_network(self) -> None:
        assert client(PROXIES, "10.0.0.1", "198.51.100.1, 10.1.1.1, 203.0.113.7") == "203.0.113.7"

    @pytest.mark.parametrize("element", ["unknown", "_hidden", "x" * 5000, "\xff"])
    def test_an_element_that_is_no_address_is_unknown(self, element: str) -> None:
        assert client(PROXIES, "10.0.0.1", f"198.51.100.1, {element}") is None

    def test_empty_elements_are_passed_over(self) -> None:
        assert client(PROXIES, "10.0.0.1", "203.0.113.7, ,", "") == "203.0.113.7"

    def test_a_request_from_a_proxy_itself_has_its_address(self) -> None:
        assert client(PROXIES, "10.0.0.1") == "10.0.0.1"
        assert client(PROXIES, "10.0.0.1", "10.0.0.9") == "10.0.0.9"

    def test_a_proxy_on_a_dual_stack_socket_is_known(self) -> None:
        assert client(PROXIES, "::ffff:10.0.0.1", "203.0.113.7") == "203.0.113.7"

    def test_a_header_of_another_name_is_not_read(self) -> None:
        other = (b"x-forwarded_for", b"198.51.100.1")
        assert client(PROXIES, "10.0.0.1", "203.0.113.7", other=other) == "203.0.113.7"


class TestTrustedHops:
    def test_each_proxy_has_added_one_address(self) -> None:
        forwarded = "198.51.100.1, 203.0.113.7, 192.0.2.9"
        assert client("1", "192.0.2.1", forwarded) == "192.0.2.9"
        assert client("2", "192.0.2.1", forwarded) == "203.0.113.7"

    def test_a_proxy_may_connect_through_a_unix_socket(self) -> None:
        assert client("1", None, "198.51.100.1, 203.0.113.7") == "203.0.113.7"

    def test_with_fewer_addresses_than_proxies_the_leftmost_is_the_client(self) -> None:
        assert client("2", "192.0.2.1", "203.0.113.7") == "203.0.113.7"
        assert client("2", "203.0.113.7") == "203.0.113.7"

    def test_an_element_that_is_no_address_is_unknown(self) -> None:
        assert client("1", "192.0.2.1", "198.51.100.1, unknown") is None


async def scope_seen(scope: dict[str, Any], trusted: str = "10.0.0.1") -> dict[str, Any]:
    """Return the scope with which ClientAddress calls an application."""
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope)

    await ClientAddress(app, TrustedProxies.parse(trusted))(scope, None, None)
    return seen


@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_requests_and_sockets_have_their_clients_address(kind: str) -> None:
    headers = [(b"x-forwarded-for", b"203.0.113.7:51234")]
    scope = {"type": kind, "headers": headers, "client": ("10.0.0.1", 5000), "path": "/"}
    seen = await scope_seen(scope)
    assert seen == {**scope, "client": ["203.0.113.7", 0]}
    assert scope["client"] == ("10.0.0.1", 5000)  # the server's own stays as it was


async def test_a_lifespan_has_no_client() -> None:
    assert await scope_seen({"type": "lifespan"}) == {"type": "lifespan"}


async def test_a_listener_without_an_address_is_recorded_as_unknown() -> None:
    scope = {"type": "websocket", "headers": [(b"x-forwarded-for", b"?")]}
    seen = await scope_seen({**scope, "client": ["10.0.0.1", 5000]})
    assert client_of(seen).address == "unknown"


@pytest.mark.parametrize(
    ("url", "trusted", "found"),
    [
        ("https://taps.example.com", "", ["monitor.W004"]),
        ("https://taps.example.com", "10.0.0.0/8", []),
        ("https://taps.example.com", "1", []),
        ("http://127.0.0.1:8000", "", []),
        ("http://[::1]:8000", "", []),
        ("http://localhost:8000", "", []),
    ],
)
def test_w004_a_public_server_that_trusts_no_proxy(
    settings: Any, url: str, trusted: str, found: list[str]
) -> None:
    settings.PUBLIC_URL, settings.TRUSTED_PROXIES = url, TrustedProxies.parse(trusted)
    warnings = checks.proxies(None)
    assert [one.id for one in warnings] == found
    assert all(one.hint for one in warnings)
