"""What the body of a status post may hold, and how any other body is answered."""

from __future__ import annotations

import gzip
import json
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.models import Tap, TapEvent
from monitor.services.taps import OpenedTap
from tests.support.status import body, path_of, post, send, signature


def last_event(opened: OpenedTap) -> TapEvent:
    event = TapEvent.objects.filter(tap=opened.tap).order_by("-id").first()
    assert event is not None
    return event


def error_of(response: Any) -> str:
    text = response.json()["error"]
    assert isinstance(text, str)
    return text


def test_the_documented_body_is_stored_as_it_came(client: Client, opened: OpenedTap) -> None:
    content = body(opened, device={"type": "rtp", "params": {"addr": "192.0.2.1", "port": 12345}})
    assert post(client, opened, content).json() == {"stored": True}
    assert last_event(opened).payload == content


@pytest.mark.parametrize("params", [{"port": 1234, "ptime": 20}, {"port": "1234", "ptime": "20"}])
def test_ports_and_ptimes_may_be_numbers_or_strings(
    client: Client, opened: OpenedTap, params: dict[str, Any]
) -> None:
    content = body(opened, device={"type": "rtp", "params": params})
    assert post(client, opened, content).status_code == HTTPStatus.OK
    payload: Any = last_event(opened).payload
    assert payload["params"]["device"]["params"] == params


def test_unknown_fields_are_kept(client: Client, opened: OpenedTap) -> None:
    content = {**body(opened, tag="blue", new_in_2030=[1, {"deep": None}]), "extra": True}
    post(client, opened, content)
    payload: Any = last_event(opened).payload
    assert payload["extra"] is True
    assert payload["params"]["tag"] == "blue"
    assert payload["params"]["new_in_2030"] == [1, {"deep": None}]


def test_optional_fields_may_be_missing(client: Client, opened: OpenedTap) -> None:
    content = {"event_type": "calling.call.tap", "params": {"state": "tapping"}}
    assert post(client, opened, content).status_code == HTTPStatus.OK
    assert Tap.objects.get().state == "tapping"


@pytest.mark.parametrize("ids", [{"control_id": 7, "call_id": None}, {"control_id": ["x"]}])
def test_ids_of_a_wrong_type_do_no_harm(
    client: Client, opened: OpenedTap, ids: dict[str, Any]
) -> None:
    assert post(client, opened, body(opened, **ids)).status_code == HTTPStatus.OK


def test_a_body_beyond_ascii_is_understood(client: Client, opened: OpenedTap) -> None:
    content = json.dumps(body(opened, tag="Zoë 你好 🎧"), ensure_ascii=False).encode()
    assert post(client, opened, content).status_code == HTTPStatus.OK
    payload: Any = last_event(opened).payload
    assert payload["params"]["tag"] == "Zoë 你好 🎧"


def test_nul_characters_are_stored_as_replacement_characters(
    client: Client, opened: OpenedTap
) -> None:
    content = body(opened, tag="a\x00b", control_id="c\x00", call_id="\x00")
    assert post(client, opened, content).status_code == HTTPStatus.OK
    payload: Any = last_event(opened).payload
    assert payload["params"]["tag"] == "a\ufffdb"


def test_a_nul_in_the_state_is_a_foreign_state(client: Client, opened: OpenedTap) -> None:
    assert post(client, opened, body(opened, "tapping\x00")).status_code == HTTPStatus.OK
    assert Tap.objects.get().state == "requested"


@pytest.mark.parametrize("half", [chr(0xD800), chr(0xDFFF)], ids=["high", "low"])
def test_half_a_surrogate_pair_is_stored_as_a_replacement_character(
    client: Client, opened: OpenedTap, half: str
) -> None:
    content = body(opened, f"x{half}", tag=half, control_id=half)
    assert post(client, opened, content).status_code == HTTPStatus.OK
    payload: Any = last_event(opened).payload
    assert payload["params"]["tag"] == "\ufffd"


def test_a_tokens_secret_half_is_not_stored(client: Client, opened: OpenedTap) -> None:
    """The device's uri is the tap's media address, which readers of the history must not see."""
    secret = opened.uri.rpartition(".")[2]
    assert post(client, opened, body(opened)).status_code == HTTPStatus.OK
    stored = json.dumps(last_event(opened).payload, ensure_ascii=False)
    assert secret not in stored
    assert f"/tap/{opened.tap.pk.hex}.…" in stored


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", "body is not JSON", id="empty"),
        pytest.param(b"{", "body is not JSON", id="broken"),
        pytest.param(b'{"event_type":"calling.call.tap"} x', "body is not JSON", id="trailing"),
        pytest.param(b'{"timestamp": NaN}', "NaN is not a JSON number", id="NaN"),
        pytest.param(b'{"timestamp": -Infinity}', "-Infinity is not", id="Infinity"),
        pytest.param(b'{"timestamp": 1e999}', "1e999 is not a JSON number", id="1e999"),
        pytest.param(b'{"timestamp": ' + b"9" * 5000 + b"}", "body is not JSON", id="5000 digits"),
        pytest.param(b"[" * 30000, "body is not JSON", id="30000 brackets"),
        pytest.param(b"\xff\xfe\xff", "body is not JSON", id="no UTF-8"),
        pytest.param(gzip.compress(b'{"params": {}}'), "body is not JSON", id="gzip"),
        pytest.param(b"[]", "body is not a JSON object", id="array"),
        pytest.param(b'"tapping"', "body is not a JSON object", id="string"),
        pytest.param(b"null", "body is not a JSON object", id="null"),
        pytest.param(b"{}", "event_type None is not 'calling.call.tap'", id="no event_type"),
        pytest.param(
            b'{"event_type": "calling.call.play"}',
            "event_type 'calling.call.play' is not 'calling.call.tap'",
            id="foreign event_type",
        ),
        pytest.param(b'{"event_type": "calling.call.tap"}', "params", id="no params"),
        pytest.param(
            b'{"event_type": "calling.call.tap", "params": []}', "params", id="params is a list"
        ),
        pytest.param(
            b'{"event_type": "calling.call.tap", "params": {}}', "params.state", id="no state"
        ),
        pytest.param(
            b'{"event_type": "calling.call.tap", "params": {"state": 7}}',
            "params.state 7",
            id="state is a number",
        ),
    ],
)
def test_what_is_no_tap_status_is_refused_with_a_sentence(
    client: Client, opened: OpenedTap, content: bytes, says: str
) -> None:
    response = post(client, opened, content)
    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert says in error_of(response)
    assert len(error_of(response)) < 300
    assert last_event(opened).payload is None


@pytest.mark.parametrize("depth", [40, 150, 300, 450, 600, 900, 990, 3000, 20000])
def test_a_deeply_nested_body_is_refused(client: Client, opened: OpenedTap, depth: int) -> None:
    start = json.dumps(body(opened))[:-1].encode()
    content = start + b', "deep": ' + b"[" * depth + b"]" * depth + b"}"
    response = post(client, opened, content)
    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert Tap.objects.get().state == "requested"


def test_a_form_is_refused(client: Client, opened: OpenedTap) -> None:
    raw = b"event_type=calling.call.tap&state=tapping"
    headers = {"X-SignalWire-Signature": signature(opened.status_url, raw)}
    response = send(client, opened.status_url, raw, headers, "application/x-www-form-urlencoded")
    assert response.status_code == HTTPStatus.BAD_REQUEST


def test_any_content_type_is_accepted(client: Client, opened: OpenedTap) -> None:
    raw = json.dumps(body(opened)).encode()
    headers = {"X-SignalWire-Signature": signature(opened.status_url, raw)}
    response = send(client, opened.status_url, raw, headers, "text/plain; charset=latin-1")
    assert response.status_code == HTTPStatus.OK


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_only_post_is_answered(client: Client, opened: OpenedTap, method: str) -> None:
    response = getattr(client, method)(path_of(opened.status_url))
    assert response.status_code == HTTPStatus.METHOD_NOT_ALLOWED


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    values=st.dictionaries(
        st.text(max_size=10),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=8,
        ),
        max_size=4,
    ),
    state=st.text(max_size=60),
    timestamp=st.none()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers()
    | st.text(),
)
def test_whatever_the_fields_hold_it_is_stored_or_refused(
    client: Client, opened: OpenedTap, values: dict[str, Any], state: str, timestamp: Any
) -> None:
    """Random fields never cause a server error."""
    content = {**body(opened, state), "timestamp": timestamp}
    content["params"] = {**values, **content["params"]}
    content["params"].update(values if "state" not in values else {})
    response = post(client, opened, content)
    assert response.status_code in (HTTPStatus.OK, HTTPStatus.BAD_REQUEST)
