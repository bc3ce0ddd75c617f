"""RestApi: SignalWire's REST API for running calls, as far as taps need it.

``POST /api/calling/calls`` takes ``calling.tap`` and ``calling.tap.stop``. Its answers have the
statuses and bodies of SignalWire's. A fault makes it answer otherwise: that is for trying out
what a supervisor is told then.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import time
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from enum import StrEnum
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from monitor.sim.call import SimulatedCall
from monitor.sim.platform import Account, TapOrder
from monitor.sim.swml import Json

#: SignalWire publishes no limit; Earshot waits for 10 s.
SLOW = 15.0  # seconds
ERROR_CODES = "https://signalwire.com/docs/apis/error-codes"

Find = Callable[[str], SimulatedCall | None]


class Fault(StrEnum):
    """What is wrong with the API. The words are the values of ``simulate --rest-fault``."""

    KEY = "key"  # 401 to every key
    GONE = "gone"  # 404 for every call
    INVALID = "invalid"  # 422, whatever is sent
    BUSY = "busy"  # 429
    BROKEN = "broken"  # 500
    SLOW = "slow"  # does what it is asked to, and answers when nobody waits any more


class Invalid(Exception):
    """A parameter is missing or wrong; the text names it."""


class RestApi:
    """Serves the API for the calls that ``find`` returns by their id. ``fault`` may be changed."""

    def __init__(self, account: Account, find: Find, fault: Fault | None = None) -> None:
        self._account = account
        self._find = find
        self.fault = fault
        self._under_way: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def serving(self, port: int) -> AsyncIterator[None]:
        """Serve on a port of this machine until the block is left."""
        app = web.Application()
        app.router.add_post("/api/calling/calls", self._on_post)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            yield
        finally:
            await runner.cleanup()

    async def _on_post(self, request: web.Request) -> web.Response:
        if self.fault == Fault.KEY or not self._is_authorized(request):
            return _error(HTTPStatus.UNAUTHORIZED)
        if self.fault == Fault.BUSY:
            return _error(HTTPStatus.TOO_MANY_REQUESTS)
        if self.fault == Fault.BROKEN:
            return _error(HTTPStatus.INTERNAL_SERVER_ERROR)
        try:
            answer = self._carry_out(await request.json())
        except (Invalid, ValueError) as error:
            return _invalid(str(error) if isinstance(error, Invalid) else "body")
        if self.fault == Fault.SLOW:
            await asyncio.sleep(SLOW)
        return answer

    def _is_authorized(self, request: web.Request) -> bool:
        login = f"{self._account.project_id}:{self._account.api_token}"
        expected = f"Basic {base64.b64encode(login.encode()).decode()}"
        given = request.headers.get("Authorization", "")
        return bool(self._account.api_token) and hmac.compare_digest(given, expected)

    def _carry_out(self, body: Any) -> web.Response:
        """Do what a command says. Raises Invalid."""
        if self.fault == Fault.INVALID:
            raise Invalid("device")
        params = _field(body, "params", dict)
        call = self._find(_field(body, "id", str))
        if call is None or self.fault == Fault.GONE:
            return _error(HTTPStatus.NOT_FOUND)
        control_id = _field(params, "control_id", str)
        match _field(body, "command", str):
            case "calling.tap":
                self._begin(call.start_tap(_order(control_id, params)))
            case "calling.tap.stop" if call.has_tap(control_id):
                self._begin(call.stop_tap(control_id))
            case "calling.tap.stop":
                return _error(HTTPStatus.NOT_FOUND)
            case _:
                raise Invalid("command")
        return web.json_response(_description(call))

    def _begin(self, step: Coroutine[Any, Any, None]) -> None:
        """Take a step while the answer is on its way: either may arrive first."""
        task = asyncio.create_task(step)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)


def _order(control_id: str, params: Json) -> TapOrder:
    """Return the tap that the parameters of ``calling.tap`` describe. Raises Invalid."""
    tap = _field(_field(params, "tap", dict), "params", dict)
    device = _field(params, "device", dict)
    where = _field(device, "params", dict)
    kind = _field(device, "type", str)
    if kind == "rtp":
        uri = f"rtp://{_field(where, 'addr', str)}:{_field(where, 'port', int)}"
    else:
        uri = _field(where, "uri", str)
        if kind != "ws" or urlsplit(uri).scheme not in {"ws", "wss"}:
            raise Invalid("uri")
    direction = tap.get("direction", "speak")
    if direction not in {"both", "speak", "listen"}:
        raise Invalid("direction")
    return TapOrder(
        uri=uri,
        control_id=control_id,
        direction=direction,
        codec="PCMA" if where.get("codec") == "PCMA" else "PCMU",
        status_url=params.get("status_url", ""),
        rtp_ptime=where.get("ptime", 20),
    )


def _field(value: Any, name: str, kind: type) -> Any:
    """Return a field of an object. Raises Invalid, which names it, if it is not of that kind."""
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, kind) or found == "":
        raise Invalid(name)
    return found


def _description(call: SimulatedCall) -> Json:
    """Return a call's leg, which SignalWire answers to every command."""
    return {
        "id": call.caller.call_id,
        "from": call.caller.number,
        "to": "+12025550100",
        "direction": "inbound",
        "status": "answered",
        "type": "relay_pstn_call",
        "duration": 0,
        "charge": 0,
        "charge_details": [],
        "parent_id": None,
        "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _error(status: HTTPStatus) -> web.Response:
    headers = {"X-Request-Id": uuid.uuid4().hex}
    return web.json_response({"error": status.phrase}, status=status, headers=headers)


def _invalid(attribute: str) -> web.Response:
    error = {
        "type": "validation_error",
        "code": "missing_required_parameter",
        "message": f"{attribute} is required",
        "attribute": attribute,
        "url": ERROR_CODES,
    }
    return web.json_response({"errors": [error]}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
