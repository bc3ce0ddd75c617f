"""Starting and stopping taps through SignalWire's REST API, with the SDK's client."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from monitor.adapters.carriers.signalwire.calls import CallControl
from monitor.wire.call_control import ControlError, ControlFailed, TapStart, TapStop
from tests.support import environment
from tests.support.rest import FakeRest

MEDIA = "wss://taps.example.com/tap/0123456789abcdef0123456789abcdef.media-token"
STATUS = "https://taps.example.com/tap/0123456789abcdef0123456789abcdef.status-token/status"
START = TapStart("call-1", "tap-1", "both", "PCMU", MEDIA, STATUS)
STOP = TapStop("call-1", "tap-1")
TOKEN = "PT-a-secret-api-token"


@pytest.fixture
def rest() -> Iterator[FakeRest]:
    with FakeRest() as rest:
        yield rest


@pytest.fixture
def control(rest: FakeRest) -> CallControl:
    return CallControl(rest.space, "project-1", TOKEN, timeout=5)


def failure(send: Callable[[Any], None], request: Any) -> ControlError:
    with pytest.raises(ControlFailed) as failed:
        send(request)
    return failed.value.error


def test_a_start_says_everything_that_signalwire_has_a_default_for(
    rest: FakeRest, control: CallControl
) -> None:
    control.start_tap(START)
    [(path, headers, body)] = rest.requests
    login = base64.b64encode(f"project-1:{TOKEN}".encode()).decode()
    assert path == "/api/calling/calls"
    assert headers["Authorization"] == f"Basic {login}"
    assert body == {
        "command": "calling.tap",
        "params": {
            "control_id": "tap-1",
            "tap": {"type": "audio", "params": {"direction": "both"}},
            "device": {"type": "ws", "params": {"uri": MEDIA, "codec": "PCMU"}},
            "status_url": STATUS,
        },
        "id": "call-1",
    }


def test_a_start_over_rtp_names_the_address_and_the_port(
    rest: FakeRest, control: CallControl
) -> None:
    uri = "rtp://203.0.113.7:20004"
    control.start_tap(TapStart("call-1", "tap-1", "speak", "PCMA", uri, STATUS))
    [(_, _, body)] = rest.requests
    where = {"addr": "203.0.113.7", "port": 20004, "codec": "PCMA", "ptime": 20}
    assert body["params"]["device"] == {"type": "rtp", "params": where}


def test_a_stop_names_the_tap(rest: FakeRest, control: CallControl) -> None:
    control.stop_tap(STOP)
    [(_, _, body)] = rest.requests
    params = {"control_id": "tap-1"}
    assert body == {"command": "calling.tap.stop", "params": params, "id": "call-1"}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, ControlError.INVALID),
        (401, ControlError.KEY_REFUSED),
        (403, ControlError.KEY_REFUSED),
        (404, ControlError.CALL_OVER),
        (409, ControlError.CARRIER_FAILED),
        (422, ControlError.INVALID),
        (429, ControlError.BUSY),
        (500, ControlError.CARRIER_FAILED),
        (503, ControlError.CARRIER_FAILED),
    ],
)
def test_each_refusal_has_its_meaning_and_is_not_sent_again(
    rest: FakeRest, control: CallControl, status: int, error: ControlError
) -> None:
    rest.status, rest.body = status, '{"error": "No"}'
    rest.headers = {"Retry-After": "0"}
    assert failure(control.start_tap, START) == error
    assert len(rest.requests) == 1


def test_a_tap_that_is_not_there_any_more_needs_no_stop(
    rest: FakeRest, control: CallControl
) -> None:
    rest.status = 404
    control.stop_tap(STOP)
    assert len(rest.requests) == 1


def test_a_stop_that_is_refused_is_told(rest: FakeRest, control: CallControl) -> None:
    rest.status = 401
    assert failure(control.stop_tap, STOP) == ControlError.KEY_REFUSED


def test_a_success_that_cannot_be_read_leaves_the_outcome_open(
    rest: FakeRest, control: CallControl
) -> None:
    rest.body = "<html>somebody else's page</html>"
    assert failure(control.start_tap, START) == ControlError.NO_ANSWER


def test_a_connection_that_closes_without_an_answer_leaves_the_outcome_open(
    rest: FakeRest, control: CallControl
) -> None:
    rest.status = 0
    assert failure(control.start_tap, START) == ControlError.NO_ANSWER


def test_an_answer_that_comes_too_late_leaves_the_outcome_open(rest: FakeRest) -> None:
    rest.free.clear()
    hurried = CallControl(rest.space, "project-1", TOKEN, timeout=0.1)
    assert failure(hurried.start_tap, START) == ControlError.NO_ANSWER


def test_a_request_that_never_left_is_known_to_have_done_nothing() -> None:
    away = CallControl(f"127.0.0.1:{environment.free_port()}", "project-1", TOKEN)
    assert failure(away.start_tap, START) == ControlError.UNREACHABLE


def test_the_log_has_codes_and_no_secret(
    rest: FakeRest, control: CallControl, caplog: pytest.LogCaptureFixture
) -> None:
    error = {"code": "invalid_uri", "attribute": "uri", "message": f"{MEDIA} is no address"}
    rest.status, rest.body = 422, json.dumps({"errors": [error]})
    rest.headers = {"X-Request-Id": "req-9"}
    failure(control.start_tap, START)
    assert caplog.messages == [
        "SignalWire did not start a tap: invalid (422 invalid_uri uri req-9)"
    ]


def test_a_request_is_shown_without_its_tokens() -> None:
    assert "token" not in repr(START)
