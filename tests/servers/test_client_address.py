"""The client's address on a real server, behind a trusted proxy on this machine."""

from __future__ import annotations

import re
import urllib.parse
import urllib.request

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User

from monitor.models import ListenSession
from tests.support.servers import Server
from tests.support.talk import message, open_tap


def try_password(server: Server, forwarded: str) -> int:
    """Post a wrong password, as a proxy forwards it; returns the status."""
    page = urllib.request.urlopen(f"{server.url}/login")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.read().decode())
    assert token
    form = {"username": "alice", "password": "wrong", "csrfmiddlewaretoken": token[1]}
    request = urllib.request.Request(
        f"{server.url}/login",
        data=urllib.parse.urlencode(form).encode(),
        headers={
            "Cookie": page.headers["Set-Cookie"].split(";")[0],
            "X-Forwarded-For": forwarded,
        },
    )
    with urllib.request.urlopen(request) as answer:
        return int(answer.status)


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("203.0.113.7:51234", "203.0.113.7"),
        ("198.51.100.1, [2001:db8::1]:443", "2001:db8::1"),
        ("198.51.100.1, unknown", None),
    ],
)
def test_a_wrong_password_is_counted_for_the_address_that_the_proxy_saw(
    server: Server, alice: User, forwarded: str, address: str | None
) -> None:
    assert try_password(server, forwarded) == 200
    assert AccessAttempt.objects.get().ip_address == address


def test_daphnes_own_proxy_headers_are_not_used() -> None:
    with Server("daphne", "tests.support.plain:application", "--proxy-headers") as plain:
        request = urllib.request.Request(f"{plain.url}/client")
        request.add_header("X-Forwarded-For", "198.51.100.1")
        with urllib.request.urlopen(request) as answer:
            assert answer.read() == b"127.0.0.1"
        assert "Set TRUSTED_PROXIES" in plain.said()


async def test_who_listened_is_written_down_with_the_address_that_the_proxy_saw(
    server: Server, alice: User
) -> None:
    opened = await open_tap()
    path, forwarded = f"/listen/{opened.tap.pk}", "198.51.100.1, 203.0.113.7:51234"
    async with server.page(path, alice, X_Forwarded_For=forwarded) as page:
        await message(page)
        assert (await ListenSession.objects.aget()).address == "203.0.113.7"
