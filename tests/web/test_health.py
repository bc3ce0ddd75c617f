"""Which addresses may ask for /healthz, /readyz and /metrics, and under which host names."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client

from monitor.settings.site import PRIVATE_NETWORKS
from monitor.wire.client_address import parse_address, parse_networks, within

PROBES = ["/healthz", "/readyz", "/metrics"]


@pytest.mark.parametrize("path", PROBES)
@pytest.mark.parametrize("host", ["10.0.0.5", "10.0.0.5:8000", "pod-7.internal", "[::1", ""])
def test_a_probe_may_call_the_machine_whatever_it_likes(
    client: Client, db: None, path: str, host: str
) -> None:
    assert client.get(path, HTTP_HOST=host).status_code == HTTPStatus.OK


@pytest.mark.parametrize("path", PROBES)
@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8::1", None])
def test_for_strangers_there_is_no_such_page(
    client: Client, path: str, address: str | None
) -> None:
    for host in ("testserver", "10.0.0.5"):
        response = client.get(path, REMOTE_ADDR=address, HTTP_HOST=host)
        assert response.status_code == HTTPStatus.NOT_FOUND
        assert "There is no such page" in response.content.decode()


def test_the_networks_are_a_setting(client: Client, db: None, settings: Any) -> None:
    settings.PROBE_NETWORKS = parse_networks("203.0.113.0/24")
    assert client.get("/healthz", REMOTE_ADDR="203.0.113.7").status_code == HTTPStatus.OK
    assert client.get("/healthz", REMOTE_ADDR="10.0.0.5").status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        *((one, True) for one in ("127.0.0.1", "10.0.0.5", "172.31.0.1", "192.168.1.1")),
        *((one, True) for one in ("::1", "fd00::5")),
        *((one, False) for one in ("172.32.0.1", "203.0.113.7", "2001:db8::1", "fe80::1")),
    ],
)
def test_by_default_they_are_loopback_and_private(address: str, inside: bool) -> None:
    assert within(parse_address(address), parse_networks(PRIVATE_NETWORKS)) is inside


@pytest.mark.parametrize("path", PROBES)
def test_a_probe_reads_only(client: Client, path: str) -> None:
    assert client.post(path).status_code == HTTPStatus.METHOD_NOT_ALLOWED


@pytest.mark.parametrize("path", ["/", "/login", "/healthz/", "/metrics/x"])
def test_every_other_page_checks_the_host(client: Client, path: str) -> None:
    assert client.get(path, HTTP_HOST="10.0.0.5").status_code == HTTPStatus.BAD_REQUEST
