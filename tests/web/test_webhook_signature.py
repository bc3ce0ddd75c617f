"""Only SignalWire may report a tap's state: the signature of a status post."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.adapters.carriers.signalwire.signature import is_signed
from monitor.models import TapEvent
from monitor.services.taps import OpenedTap
from tests.support.status import KEY, body, path_of, post, send, signature

SHA1 = "X-SignalWire-Signature"
SHA256 = "X-SignalWire-Sha256-Signature"


def raw(opened: OpenedTap) -> bytes:
    return json.dumps(body(opened)).encode()


def refused(client: Client, opened: OpenedTap, headers: dict[str, str]) -> bool:
    """Return whether the post is answered 403; a post that is refused must store nothing."""
    before = TapEvent.objects.count()
    response = send(client, opened.status_url, raw(opened), headers)
    assert TapEvent.objects.count() == before or response.status_code == HTTPStatus.OK
    return bool(response.status_code == HTTPStatus.FORBIDDEN)


def test_the_sha1_header_is_accepted(client: Client, opened: OpenedTap) -> None:
    good = signature(opened.status_url, raw(opened))
    assert not refused(client, opened, {SHA1: good})


def test_the_sha256_header_is_accepted(client: Client, opened: OpenedTap) -> None:
    good = signature(opened.status_url, raw(opened), algorithm="sha256")
    assert not refused(client, opened, {SHA256: good})


def test_the_sha256_header_decides_where_both_are_present(
    client: Client, opened: OpenedTap
) -> None:
    good = signature(opened.status_url, raw(opened))
    assert refused(client, opened, {SHA1: good, SHA256: "0" * 64})


def test_a_sha1_signature_in_the_sha256_header_is_refused(
    client: Client, opened: OpenedTap
) -> None:
    assert refused(client, opened, {SHA256: signature(opened.status_url, raw(opened))})


def test_the_previous_key_is_accepted_while_keys_rotate(
    client: Client, opened: OpenedTap, settings: Any
) -> None:
    settings.SIGNALWIRE_SIGNING_KEY = "PSK_new"
    settings.SIGNALWIRE_SIGNING_KEY_PREVIOUS = KEY
    for key in ("PSK_new", KEY):
        assert not refused(client, opened, {SHA1: signature(opened.status_url, raw(opened), key)})


def test_a_retired_key_is_refused(client: Client, opened: OpenedTap, settings: Any) -> None:
    settings.SIGNALWIRE_SIGNING_KEY = "PSK_new"
    assert refused(client, opened, {SHA1: signature(opened.status_url, raw(opened), KEY)})


def test_without_a_key_nothing_is_verified(
    client: Client, opened: OpenedTap, settings: Any
) -> None:
    settings.SIGNALWIRE_SIGNING_KEY = ""
    assert not refused(client, opened, {SHA1: "wrong"})


@pytest.mark.parametrize("header", [SHA1, SHA256])
@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda good: "", id="empty"),
        pytest.param(lambda good: good[:-1], id="truncated"),
        pytest.param(lambda good: good + "0", id="extended"),
        pytest.param(lambda good: good.upper(), id="upper-case"),
        pytest.param(lambda good: "é" * len(good), id="not ASCII"),
        pytest.param(lambda good: f"sha1={good}", id="prefixed"),
    ],
)
def test_a_spoiled_signature_is_refused(
    client: Client, opened: OpenedTap, header: str, spoil: Any
) -> None:
    algorithm = "sha1" if header == SHA1 else "sha256"
    good = signature(opened.status_url, raw(opened), algorithm=algorithm)
    assert refused(client, opened, {header: spoil(good)})


def test_a_missing_signature_is_refused(client: Client, opened: OpenedTap) -> None:
    assert refused(client, opened, {"X-Other": "x"})


def test_the_base64_scheme_of_forms_is_refused(client: Client, opened: OpenedTap) -> None:
    message = opened.status_url.encode() + raw(opened)
    digest = hmac.new(KEY.encode(), message, hashlib.sha1).digest()
    assert refused(client, opened, {SHA1: base64.b64encode(digest).decode()})


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda url: url + "/", id="trailing slash"),
        pytest.param(lambda url: url + "?a=1", id="query"),
        pytest.param(lambda url: url.replace("http:", "https:"), id="scheme"),
        pytest.param(lambda url: url.replace(":8000", ":443"), id="other port"),
        pytest.param(lambda url: url.replace("127.0.0.1", "localhost"), id="host"),
        pytest.param(lambda url: url.replace("/status", "/Status"), id="case"),
        pytest.param(lambda url: "", id="body alone"),
    ],
)
def test_a_signature_for_another_url_is_refused(
    client: Client, opened: OpenedTap, other: Any
) -> None:
    assert refused(client, opened, {SHA1: signature(other(opened.status_url), raw(opened))})


def test_the_port_is_not_filled_in(client: Client, opened: OpenedTap, settings: Any) -> None:
    """SignalWire's JSON scheme covers the URL byte for byte: no ':443' variant."""
    settings.PUBLIC_URL = "https://taps.example.com"
    path = path_of(opened.status_url.replace("http://127.0.0.1:8000", settings.PUBLIC_URL))
    spelled_out = f"https://taps.example.com:443{path}"
    assert refused(client, opened, {SHA1: signature(spelled_out, raw(opened))})


def test_a_query_is_part_of_what_is_signed(client: Client, opened: OpenedTap) -> None:
    url = f"{opened.status_url}?attempt=2"
    good = {SHA1: signature(url, raw(opened))}
    assert send(client, url, raw(opened), good).status_code == HTTPStatus.OK
    assert refused(client, opened, good)


def test_a_request_that_names_another_host_does_not_move_the_url(
    client: Client, opened: OpenedTap
) -> None:
    """Behind a proxy Host and scheme are the proxy's; PUBLIC_URL is what was signed."""
    headers = {
        SHA1: signature(opened.status_url, raw(opened)),
        "Host": "localhost",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
    }
    assert not refused(client, opened, headers)


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_every_changed_byte_of_the_body_is_refused(
    client: Client, opened: OpenedTap, data: st.DataObject
) -> None:
    good = raw(opened)
    at = data.draw(st.integers(0, len(good) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != good[at]))
    spoiled = good[:at] + bytes([other]) + good[at + 1 :]
    headers = {SHA1: signature(opened.status_url, good)}
    response = send(client, opened.status_url, spoiled, headers)
    assert response.status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("change", [lambda b: b + b"\n", lambda b: b[:-1], lambda b: b" " + b])
def test_an_added_or_missing_byte_is_refused(
    client: Client, opened: OpenedTap, change: Any
) -> None:
    headers = {SHA1: signature(opened.status_url, raw(opened))}
    response = send(client, opened.status_url, change(raw(opened)), headers)
    assert response.status_code == HTTPStatus.FORBIDDEN


def test_the_signature_is_judged_before_the_body(client: Client, opened: OpenedTap) -> None:
    response = post(client, opened, b"no JSON at all", **{SHA1: "wrong"})
    assert response.status_code == HTTPStatus.FORBIDDEN


def test_the_signature_is_judged_before_the_token(client: Client, opened: OpenedTap) -> None:
    response = client.post("/tap/no-such-token/status", b"{}", content_type="application/json")
    assert response.status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (SHA1, "160aa1b72886ec5917c1e151b31c6cabebf58fa1"),
        (SHA256, "32e86c85bf44a5fea95d3f61026af46ed7b35958c9e05ad13d7739bffbea854a"),
    ],
)
def test_the_arithmetic_is_that_of_signalwires_sdk(header: str, value: str) -> None:
    """The SDK's own validator accepts this signature for this key, URL and body."""
    url, raw = "https://taps.example.com/hooks/tap/abc/", b'{"event_type":"calling.call.tap"}'
    assert is_signed(url, {header: value}, raw, ["PSK_test"])
    assert not is_signed(url, {header: value}, raw + b" ", ["PSK_test"])
