"""Platform: does what SignalWire does over HTTP: it fetches SWML, calls tools and posts statuses.

It knows the service only by its public protocol. No text made here contains a token or a
password.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from yarl import URL

from monitor.audio.g711 import Codec
from monitor.sim.swml import SHOWN, CallFailed, Json, checked_verbs, hook_of

TIMEOUT = 10.0  # seconds for a request, which SignalWire does not publish


@dataclass(frozen=True, slots=True)
class Account:
    """What SignalWire's dashboard knows of an account: which agent answers, and the secrets."""

    base_url: str
    agent: str
    user: str = ""
    password: str = ""
    signing_key: str = ""
    project_id: str = ""
    api_token: str = ""


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool that the agent has used in a call, and what it answered."""

    name: str
    arguments: Json
    response: str
    used_at: float  # Unix time
    seconds: float


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, which transport the monitoring tool is asked for, and what was used so far."""

    call_id: str
    number: str
    name: str
    transport: str = ""  # ws or rtp; empty: the agent's choice
    tools_used: list[ToolUse] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TapOrder:
    """The ``tap`` verb that a tool answered with."""

    uri: str
    control_id: str
    direction: str
    codec: Codec
    status_url: str
    rtp_ptime: int = 20  # milliseconds

    @classmethod
    def of(cls, verb: Json) -> Self:
        """Read the verb, with the platform's defaults."""
        return cls(
            uri=verb["uri"],
            control_id=verb.get("control_id", ""),
            direction=verb.get("direction", "speak"),
            codec="PCMA" if verb.get("codec") == "PCMA" else "PCMU",
            status_url=verb.get("status_url", ""),
            rtp_ptime=verb.get("rtp_ptime", 20),
        )

    @property
    def device(self) -> Json:
        """Where the audio goes, in the form of a status post."""
        parts = urlsplit(self.uri)
        if parts.scheme != "rtp":
            return {"type": "ws", "params": {"uri": self.uri, "codec": self.codec}}
        where = {"addr": parts.hostname, "port": parts.port}
        return {
            "type": "rtp",
            "params": {**where, "codec": self.codec, "ptime": self.rtp_ptime},
        }


class Platform:
    """Makes the requests of one account, over an HTTP session that its owner closes."""

    def __init__(self, account: Account, http: aiohttp.ClientSession) -> None:
        self._account = account
        self._http = http
        self._space_id = str(uuid.uuid4())

    async def answer(self, caller: Caller) -> Json:
        """Fetch the agent's SWML for an incoming call. Raises CallFailed."""
        url = f"{self._account.base_url}/agents/{self._account.agent}"
        call = {
            "call_id": caller.call_id,
            "node_id": "simulated",
            "segment_id": caller.call_id,
            "call_state": "created",
            "direction": "inbound",
            "type": "phone",
            "from": caller.number,
            "to": "+12025550100",
            "headers": [],
            "project_id": self._account.project_id,
            "space_id": self._space_id,
        }
        return await self._post(url, {"call": call, "vars": {}, "params": {}})

    async def start_monitoring(
        self, caller: Caller, swml: Json, direction: str, *, split: bool = False
    ) -> list[TapOrder]:
        """Have the agent's tool start taps, and return its answer. Raises CallFailed."""
        arguments: Json = {"direction": direction, "reason": "simulated call"}
        if split:
            arguments["split"] = True
        if caller.transport:
            arguments["transport"] = caller.transport
        answer = await self._tool(caller, swml, "start_monitoring", arguments)
        return [TapOrder.of(verb) for verb in checked_verbs(answer, "tap")]

    async def ask_for_help(self, caller: Caller, swml: Json) -> None:
        """Have the agent's tool ask for help with a call that is tapped. Raises CallFailed."""
        answer = await self._tool(caller, swml, "ask_for_help", {"reason": "simulated trouble"})
        if answer.get("action"):
            raise CallFailed("ask_for_help tapped the call again")

    async def pause_monitoring(self, caller: Caller, swml: Json) -> None:
        """Have the agent's tool pause the call. Raises CallFailed."""
        await self._tool(caller, swml, "pause_monitoring", {})

    async def resume_monitoring(self, caller: Caller, swml: Json) -> None:
        """Have the agent's tool end its pause. Raises CallFailed."""
        await self._tool(caller, swml, "resume_monitoring", {})

    async def stop_monitoring(self, caller: Caller, swml: Json, orders: Iterable[TapOrder]) -> None:
        """Have the agent's tool stop the taps of the call. Raises CallFailed."""
        answer = await self._tool(caller, swml, "stop_monitoring", {})
        named = sorted(verb.get("control_id", "") for verb in checked_verbs(answer, "stop_tap"))
        wanted = sorted(order.control_id for order in orders)
        if named != wanted:
            raise CallFailed(f"stop_monitoring stopped {named}, not {wanted}")

    async def post_status(self, caller: Caller, order: TapOrder, state: str) -> None:
        """Post a state to the tap's ``status_url``. Raises CallFailed."""
        if not order.status_url:
            return
        params = {
            "call_id": caller.call_id,
            "node_id": "simulated",
            "segment_id": caller.call_id,
            "control_id": order.control_id,
            "state": state,
            "tap": {"type": "audio", "params": {"direction": order.direction}},
            "device": order.device,
        }
        body = {
            "event_type": "calling.call.tap",
            "event_channel": f"swml:{caller.call_id}",
            "timestamp": round(time.time(), 3),
            "project_id": self._account.project_id,
            "space_id": self._space_id,
            "params": params,
        }
        await self._post(order.status_url, body)

    async def post_events(self, caller: Caller, url: str, events: Json) -> None:
        """Post what happens in a call to the agent's debug webhook. Raises CallFailed."""
        info = {
            "project_id": self._account.project_id,
            "space_id": self._space_id,
            "call_id": caller.call_id,
            "content_type": "text/json",
            "content_disposition": "post_data",
            "conversation_type": "voice",
        }
        await self._post(url, {"call_info": info, **events})

    async def post_summary(self, caller: Caller, url: str, record: Json) -> None:
        """Post the record of a call to the agent's post-prompt URL. Raises CallFailed."""
        body = {
            "action": "post_conversation",
            "content_type": "text/json",
            "content_disposition": "agent.summary",
            "conversation_type": "voice",
            "call_id": caller.call_id,
            "app_name": self._account.agent,
            "project_id": self._account.project_id,
            "space_id": self._space_id,
            "caller_id_name": caller.name,
            "caller_id_number": caller.number,
            **record,
        }
        await self._post(url, body)

    async def _tool(self, caller: Caller, swml: Json, name: str, arguments: Json) -> Json:
        body = {
            "app_name": self._account.agent,
            "function": name,
            "argument": {"parsed": [arguments], "raw": json.dumps(arguments), "substituted": ""},
            "call_id": caller.call_id,
            "ai_session_id": str(uuid.uuid4()),
            "conversation_type": "voice",
            "caller_id_name": caller.name,
            "caller_id_num": caller.number,
            "global_data": {},
            "channel_active": True,
            "channel_offhook": True,
            "channel_ready": True,
            "content_type": "text/swaig",
            "content_disposition": "SWAIG Function",
            "project_id": self._account.project_id,
            "space_id": self._space_id,
            "version": "2.0",
        }
        used_at = time.time()
        answer = await self._post(hook_of(swml, name), body)
        lasted, response = time.time() - used_at, str(answer.get("response", ""))
        caller.tools_used.append(ToolUse(name, arguments, response, used_at, lasted))
        return answer

    async def _post(self, url: str, body: Json) -> Json:
        """POST JSON, signed if there is a key, and return the JSON answer."""
        parts = urlsplit(url)
        # Credentials in a URL travel in a header, and the signature does not cover them.
        address = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        raw = json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **self._signatures(address, raw)}
        login = parts.netloc.rpartition("@")[0] or f"{self._account.user}:{self._account.password}"
        headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
        try:
            # Without ``encoded`` yarl would rewrite escapes, but the signature covers every byte.
            target = URL(address, encoded=True)
            async with self._http.post(target, data=raw, headers=headers) as response:
                text = await response.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            why = "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
            raise CallFailed(f"POST {shown(url)}: {why}") from None
        if response.status != HTTPStatus.OK:
            answered = f"answered {response.status} {_reason(text)}".strip()
            raise CallFailed(f"POST {shown(url)} {answered}")
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise CallFailed(f"POST {shown(url)} answered no JSON object")
        return answer

    def _signatures(self, url: str, body: bytes) -> dict[str, str]:
        if not self._account.signing_key:
            return {}
        key, message = self._account.signing_key.encode(), url.encode() + body
        return {
            "X-SignalWire-Signature": hmac.new(key, message, hashlib.sha1).hexdigest(),
            "X-SignalWire-Sha256-Signature": hmac.new(key, message, hashlib.sha256).hexdigest(),
        }


def shown(url: str) -> str:
    """Return a URL without its credentials, query and token, so that it may be printed."""
    parts = urlsplit(url)
    path = re.sub(r"^/(tap|calls)/[^/]+", r"/\1/…", parts.path)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, "", ""))


def _reason(text: str) -> str:
    """Return the ``error`` of a JSON answer. Any other body may be a page: return nothing of it."""
    try:
        return str(json.loads(text)["error"])[:SHOWN]
    except (ValueError, TypeError, KeyError):
        return ""
