"""Only our own pages may open a socket: a request must have exactly one Origin header, and ours."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from monitor.web.sockets.origin import origin_of, same_origin

OURS = "https://earshot.example.com"


@pytest.fixture
def _public(settings: Settings) -> None:
    settings.ALLOWED_ORIGINS = ["https://ops.example.com:8443", OURS]


@pytest.fixture
def _on_this_machine(settings: Settings) -> None:
    settings.ALLOWED_ORIGINS = ["http://127.0.0.1:8000"]


def allows(*origins: str | bytes) -> bool:
    values = [one if isinstance(one, bytes) else one.encode() for one in origins]
    headers = [(b"host", b"earshot.example.com"), *((b"origin", value) for value in values)]
    return same_origin({"type": "websocket", "headers": headers})


@pytest.mark.usefixtures("_public")
@pytest.mark.parametrize(
    "origin",
    [
        OURS,
        "https://earshot.example.com:443",
        "https://EARSHOT.example.com",
        "https://ops.example.com:8443",
    ],
)
def test_a_page_of_ours_is_let_in(origin: str) -> None:
    assert allows(origin)


@pytest.mark.usefixtures("_public")
def test_no_origin_is_refused() -> None:
    """A browser always sends an Origin header with a WebSocket."""
    assert not allows()


@pytest.mark.usefixtures("_public")
def test_two_origins_are_refused_even_if_both_are_ours() -> None:
    assert not allows(OURS, OURS)


@pytest.mark.usefixtures("_public")
@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "*",
        "earshot.example.com",
        "//earshot.example.com",
        "http://earshot.example.com",
        "http://earshot.example.com:443",
        "wss://earshot.example.com",
        "file://earshot.example.com",
        "javascript://earshot.example.com",
        "https://earshot.example.com:8443",
        "https://ops.example.com",
        "https://earshot.example.com.evil",
        "https://earshot.example.comevil",
        "https://evil-earshot.example.com",
        "https://x.earshot.example.com",
        "https://example.com",
        "https://earshot.example.com.",
        "https://user@earshot.example.com",
        "https://@earshot.example.com",
        "https://user:word@earshot.example.com",
        "https://earshot.example.com@evil.example",
        "https://evil.example/earshot.example.com",
        "https://earshot.example.com/",
        "https://earshot.example.com/page",
        "https://earshot.example.com?x",
        "https://earshot.example.com#x",
        "https://earshot.example.com\\.evil",
        "https://",
        "https://:443",
        "https://[",
        "https://[::1",
        "https://[earshot.example.com]",
        "https://earshot.example.com:99999",
        "https://earshot.example.com:-1",
        "https://earshot.example.com:port",
        "https://earshot.example.com:443:443",
        f"{OURS} {OURS}",
        f"{OURS}, {OURS}",
        "https://127.0.0.1",
        "https://localhost",
        "https://earshot\u2025example.com",
        "https://" + "a" * 100_000,
    ],
    ids=lambda origin: origin[:45],
)
def test_any_other_origin_is_refused_without_an_error(origin: str) -> None:
    assert not allows(origin)


@pytest.mark.usefixtures("_public")
@pytest.mark.parametrize(
    ("byte", "place"),
    [
        (byte, place)
        for byte in (b"\x00", b"\x0b", b"\x1f", b"\t", b"\n", b"\r", b" ", b"\x85", b"\xff")
        for place in (0, 5, 15, len(OURS))
    ],
)
def test_a_byte_that_no_origin_has_is_refused_wherever_it_is(byte: bytes, place: int) -> None:
    value = OURS.encode()
    assert not allows(value[:place] + byte + value[place:])


@pytest.mark.usefixtures("_on_this_machine")
@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"]
)
def test_on_this_machine_every_name_of_it_is_ours(origin: str) -> None:
    assert allows(origin)


@pytest.mark.usefixtures("_on_this_machine")
@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:8001",
        "http://localhost",
        "https://localhost:8000",
        "http://localhost.evil:8000",
        "http://127.0.0.1.evil:8000",
        "http://192.0.2.1:8000",
        "http://0.0.0.0:8000",
        "http://[::]:8000",
        "http://2130706433:8000",
    ],
)
def test_on_this_machine_another_port_scheme_or_host_is_not(origin: str) -> None:
    assert not allows(origin)


def test_a_public_address_does_not_make_this_machine_ours(settings: Settings) -> None:
    """Any program on a supervisor's machine may serve a page, which is then not one of ours."""
    settings.ALLOWED_ORIGINS = ["http://earshot.example.com:8000"]
    assert not allows("http://localhost:8000")


def test_every_allowed_origin_counts(settings: Settings) -> None:
    settings.ALLOWED_ORIGINS = ["https://a.example", "https://b.example:444"]
    assert allows("https://a.example")
    assert allows("https://b.example:444")
    assert not allows("https://b.example")


def test_an_allowed_origin_that_is_none_allows_nothing(settings: Settings) -> None:
    settings.ALLOWED_ORIGINS = ["null", "", "*", "https://["]
    assert not allows("null")
    assert not allows("")
    assert not allows("https://[")


@pytest.mark.parametrize(
    ("value", "origin"),
    [
        ("http://a.example", ("http", "a.example", 80)),
        ("https://a.example", ("https", "a.example", 443)),
        ("HTTPS://A.example:8443", ("https", "a.example", 8443)),
        ("http://[2001:db8::1]:8000", ("http", "2001:db8::1", 8000)),
        ("ftp://a.example", None),
    ],
)
def test_an_origin_is_scheme_host_and_port(value: str, origin: tuple[str, str, int] | None) -> None:
    assert origin_of(value) == origin
