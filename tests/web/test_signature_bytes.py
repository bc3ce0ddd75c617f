"""No byte of a signed post may change: each byte of its URL, its header and its body is tried."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any, NoReturn

import pytest
from django.test import Client

from monitor.adapters.carriers.signalwire import status
from monitor.adapters.carriers.signalwire.signature import is_signed, signed
from monitor.models import TapEvent
from monitor.services.taps import OpenedTap
from tests.support.status import KEY, body, path_of, send, signature

URL = "https://taps.example.com/tap/0123456789abcdef.the-secret/status?attempt=2"
BODY = b'{"event_type":"calling.call.tap","params":{"state":"tapping","tag":"Zo\xc3\xab"}}'
SHA1, SHA256 = "X-SignalWire-Signature", "X-SignalWire-Sha256-Signature"
HEADERS = pytest.mark.parametrize("header", [SHA1, SHA256])


def other_bytes(good: bytes) -> list[bytes]:
    """Return all texts that differ from a good one in one byte."""
    return [
        good[:place] + bytes([byte]) + good[place + 1 :]
        for place in range(len(good))
        for byte in range(256)
        if byte != good[place]
    ]


def flipped(good: str) -> list[str]:
    """Return, for each place of a text, one that differs from it there and only there."""
    return [
        good[:place] + chr(ord(good[place]) ^ 1) + good[place + 1 :] for place in range(len(good))
    ]


@HEADERS
def test_a_signature_is_of_all_bytes_of_the_body(header: str) -> None:
    given = {header: signed(URL, BODY, KEY)[header]}
    assert is_signed(URL, given, BODY, [KEY])
    assert not [one for one in other_bytes(BODY) if is_signed(URL, given, one, [KEY])]


@HEADERS
def test_a_signature_is_of_all_bytes_of_the_url(header: str) -> None:
    given = {header: signed(URL, BODY, KEY)[header]}
    others = [one.decode("latin1") for one in other_bytes(URL.encode())]
    assert not [one for one in others if is_signed(one, given, BODY, [KEY])]


@HEADERS
def test_no_byte_of_a_signature_may_differ(header: str) -> None:
    good = signed(URL, BODY, KEY)[header]
    others = [one.decode("latin1") for one in other_bytes(good.encode())]
    assert not [one for one in others if is_signed(URL, {header: one}, BODY, [KEY])]


@HEADERS
def test_no_byte_of_the_key_may_differ(header: str) -> None:
    given = {header: signed(URL, BODY, KEY)[header]}
    others = [one.decode("latin1") for one in other_bytes(KEY.encode())]
    assert not is_signed(URL, given, BODY, others)


def reached(*given: object) -> NoReturn:
    raise AssertionError("a post that is not signed was read")


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """What reads the body and the token fails the test once it is reached."""
    monkeypatch.setattr("monitor.adapters.carriers.signalwire.status.parse", reached)
    monkeypatch.setattr("monitor.services.tap_urls.read", reached)


def assert_refused(client: Client, url: str, raw: bytes, good: str) -> None:
    """A changed path may also lead to another route, which is no status post's."""
    before = TapEvent.objects.count()
    response: Any = send(client, url, raw, {SHA1: good})
    assert response.status_code in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
    assert TapEvent.objects.count() == before


@pytest.mark.usefixtures("unread")
class TestAPostOfWhichOneByteWasChanged:
    """It is refused before anything of it is read."""

    def test_in_its_path(self, client: Client, opened: OpenedTap) -> None:
        raw = json.dumps(body(opened)).encode()
        good = signature(opened.status_url, raw)
        for path in flipped(path_of(opened.status_url)):
            assert_refused(client, path, raw, good)

    def test_in_its_query(self, client: Client, opened: OpenedTap) -> None:
        raw = json.dumps(body(opened)).encode()
        good = signature(f"{opened.status_url}?attempt=2", raw)
        for query in flipped("?attempt=2"):
            assert_refused(client, path_of(opened.status_url) + query, raw, good)

    def test_in_its_header(self, client: Client, opened: OpenedTap) -> None:
        raw = json.dumps(body(opened)).encode()
        for other in flipped(signature(opened.status_url, raw)):
            assert_refused(client, opened.status_url, raw, other)

    def test_in_its_body(self, client: Client, opened: OpenedTap) -> None:
        raw = json.dumps(body(opened)).encode()
        good = signature(opened.status_url, raw)
        for other in flipped(raw.decode("latin1")):
            assert_refused(client, opened.status_url, other.encode("latin1"), good)


def test_a_post_that_is_whole_is_read(
    client: Client, opened: OpenedTap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without this, the walk would pass if nothing were ever read."""
    monkeypatch.setattr(status, "parse", reached)
    raw = json.dumps(body(opened)).encode()
    good = {SHA1: signature(opened.status_url, raw)}
    with pytest.raises(AssertionError, match="a post that is not signed was read"):
        send(client, opened.status_url, raw, good)
