"""The simulated REST API answers as SignalWire's does."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from monitor.sim import rest
from monitor.sim.call import Script, make_caller
from monitor.sim.platform import Account, TapOrder
from monitor.sim.rest import Fault, RestApi
from tests.support import environment
from tests.support.waiting import until

ACCOUNT = Account("http://127.0.0.1:9", "receptionist", project_id="project-1", api_token="PT-1")
START: dict[str, Any] = {
    "command": "calling.tap",
    "params": {
        "control_id": "tap-1",
        "tap": {"type": "audio", "params": {"direction": "both"}},
        "device": {"type": "ws", "params": {"uri": "wss://e.example/tap/x", "codec": "PCMA"}},
        "status_url": "https://e.example/tap/x/status",
    },
    "id": "call-1",
}
STOP = {"command": "calling.tap.stop", "params": {"control_id": "tap-1"}, "id": "call-1"}


class Call:
    """A running call that keeps what it is told."""

    def __init__(self) -> None:
        self.caller = replace(make_caller(1, Script()), call_id="call-1")
        self.started: list[TapOrder] = []
        self.stopped: list[str] = []

    async def start_tap(self, order: TapOrder) -> None:
        self.started.append(order)

    async def stop_tap(self, control_id: str) -> None:
        self.stopped.append(control_id)

    def has_tap(self, control_id: str) -> bool:
        return control_id in [order.control_id for order in self.started]


@contextlib.asynccontextmanager
async def asking(call: Call, fault: Fault | None = None, token: str = "PT-1") -> AsyncIterator[Any]:
    """Serve the API for a call, and yield a function that posts to it."""
    calls: dict[str, Any] = {"call-1": call}
    port = environment.free_port()
    login = base64.b64encode(f"project-1:{token}".encode()).decode()
    headers = {"Authorization": f"Basic {login}"}
    api = RestApi(ACCOUNT, calls.get, fault)
    async with api.serving(port), aiohttp.ClientSession(headers=headers) as http:

        async def post(body: Any) -> tuple[int, Any]:
            url = f"http://127.0.0.1:{port}/api/calling/calls"
            async with http.post(url, json=body) as answer:
                return answer.status, await answer.json()

        yield post


async def test_a_tap_is_started_and_stopped() -> None:
    call = Call()
    async with asking(call) as post:
        status, answer = await post(START)
        assert (status, answer["id"], answer["status"]) == (200, "call-1", "answered")
        await until(lambda: call.started)
        [order] = call.started
        assert (order.uri, order.codec) == ("wss://e.example/tap/x", "PCMA")
        assert order.status_url == "https://e.example/tap/x/status"
        assert (await post(STOP))[0] == 200
        await until(lambda: call.stopped)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.KEY, 401),
        (Fault.GONE, 404),
        (Fault.INVALID, 422),
        (Fault.BUSY, 429),
        (Fault.BROKEN, 500),
    ],
)
async def test_each_fault_has_its_status(fault: Fault, status: int) -> None:
    call = Call()
    async with asking(call, fault) as post:
        assert (await post(START))[0] == status
    assert call.started == []


async def test_a_wrong_token_is_refused() -> None:
    async with asking(Call(), token="PT-2") as post:
        assert await post(START) == (401, {"error": "Unauthorized"})


async def test_a_call_and_a_tap_that_are_unknown_are_not_found() -> None:
    async with asking(Call()) as post:
        assert await post({**START, "id": "call-2"}) == (404, {"error": "Not Found"})
        assert await post(STOP) == (404, {"error": "Not Found"})


@pytest.mark.parametrize(
    ("params", "attribute"),
    [
        ({"control_id": ""}, "control_id"),
        ({"tap": {"type": "audio", "params": {"direction": "hear"}}}, "direction"),
        ({"device": {"type": "ws", "params": {"uri": "https://e.example"}}}, "uri"),
        ({"device": {"type": "rtp", "params": {"addr": "203.0.113.7"}}}, "port"),
    ],
)
async def test_a_wrong_value_is_named(params: dict[str, Any], attribute: str) -> None:
    async with asking(Call()) as post:
        body = {**START, "params": {**START["params"], **params}}
        status, answer = await post(body)
    assert (status, answer["errors"][0]["attribute"]) == (422, attribute)


async def test_a_slow_api_does_what_it_is_asked_and_answers_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rest, "SLOW", 0.2)
    call = Call()
    async with asking(call, Fault.SLOW) as post:
        assert (await post(START))[0] == 200
    assert len(call.started) == 1
