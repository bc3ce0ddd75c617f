"""What SignalWire's side of a conversation with an agent looks like, written down
apart from the simulator: two readings of the facts are better than one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import urllib.error
import urllib.request
from email.message import Message
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from signalwire import AgentBase
from signalwire.utils.schema_utils import SchemaUtils

SCHEMA = SchemaUtils()


def raw_data(**fields: Any) -> dict[str, Any]:
    """Return the body of a tool call, as a voice agent receives it."""
    return {
        "call_id": "call-1",
        "conversation_type": "voice",
        "caller_id_num": "+12025550123",
        "caller_id_name": "Ada Ash",
        "project_id": "project-1",
        **fields,
    }


def use(agent: AgentBase, tool: str, body: dict[str, Any], **arguments: Any) -> dict[str, Any]:
    """Call a tool as the platform does, and return its answer."""
    answer: dict[str, Any] = agent.on_function_call(tool, arguments, body).to_dict()
    return answer


def verb_of(answer: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the one SWML verb of an answer, which must be valid by the SDK's own schema."""
    (verb,) = verbs_of(answer, name)
    return verb


def verbs_of(answer: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the SWML verbs of an answer, one for each action, all valid likewise."""
    verbs = []
    for action in answer["action"]:
        document = action["SWML"]
        assert SCHEMA.validate_document(document) == (True, [])
        (verb,) = document["sections"]["main"]
        assert SCHEMA.validate_verb(name, verb[name]) == (True, [])
        verbs.append(verb[name])
    return verbs


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def signature(url: str, body: bytes, key: str | None = None) -> str:
    """Return SignalWire's signature of a JSON body and of the URL without credentials."""
    key = settings.SIGNALWIRE_SIGNING_KEY if key is None else key
    return hmac.new(key.encode(), url.encode() + body, hashlib.sha1).hexdigest()


def post(url: str, body: dict[str, Any], *, sign: str | None = None, **headers: str) -> Answer:
    """POST JSON with the agents' credentials; ``sign`` replaces the signature, "" omits it."""
    raw = json.dumps(body).encode()
    login = f"{settings.SWML_BASIC_AUTH_USER}:{settings.SWML_BASIC_AUTH_PASSWORD}"
    sent = {
        "Content-Type": "application/json",
        "Authorization": f"Basic {base64.b64encode(login.encode()).decode()}",
        "X-SignalWire-Signature": signature(url, raw) if sign is None else sign,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    request = urllib.request.Request(
        url, data=raw, headers={name: value for name, value in sent.items() if value}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


def without_login(url: str) -> str:
    """Return a URL without its credentials."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def hooks_of(swml: dict[str, Any]) -> dict[str, str]:
    """Return the URL at which the tools of an agent's SWML are called."""
    (ai,) = [verb["ai"] for verb in swml["sections"]["main"] if "ai" in verb]
    return {tool["function"]: tool["web_hook_url"] for tool in ai["SWAIG"]["functions"]}
