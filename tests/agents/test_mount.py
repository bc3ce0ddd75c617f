"""The agents' mount: which requests go to the SDK, which to Django, and who may send them."""

from __future__ import annotations

import os
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from agents.mounts import Mounts
from monitor.models import Tap
from tests.support.agents import SCHEMA, hooks_of, post, raw_data, verb_of, without_login
from tests.support.servers import Server


class Seen:
    """An ASGI application that keeps the scopes it gets."""

    def __init__(self) -> None:
        self.scopes: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)


@pytest.mark.parametrize(
    "path", ["/agents/desk", "/agents/desk/", "/agents/desk/swaig/", "/agents/desk//x"]
)
async def test_an_agents_paths_reach_it_with_the_scope_untouched(path: str) -> None:
    desk, rest = Seen(), Seen()
    scope = {"type": "http", "path": path, "root_path": ""}
    await Mounts({"/agents/desk": desk}, rest)(scope, None, None)
    assert desk.scopes == [{"type": "http", "path": path, "root_path": ""}]
    assert desk.scopes[0] is scope
    assert not rest.scopes


@pytest.mark.parametrize(
    "scope",
    [
        {"type": "http", "path": "/"},
        {"type": "http", "path": "/agents"},
        {"type": "http", "path": "/agents/"},
        {"type": "http", "path": "/agents/nobody"},
        {"type": "http", "path": "/agents/desktop"},
        {"type": "http", "path": "/x/agents/desk"},
        {"type": "http", "path": "//agents/desk"},
        {"type": "websocket", "path": "/agents/desk"},
        {"type": "lifespan"},
    ],
)
async def test_everything_else_is_the_monitors(scope: dict[str, str]) -> None:
    desk, rest = Seen(), Seen()
    await Mounts({"/agents/desk": desk}, rest)(scope, None, None)
    assert not desk.scopes
    assert rest.scopes == [scope]


def swml(server: Server, **headers: str) -> dict[str, Any]:
    answer = post(f"{server.url}/agents/receptionist", {"call": {"call_id": "call-1"}}, **headers)
    assert answer.status == HTTPStatus.OK, answer.body
    document: dict[str, Any] = answer.json
    return document


def hook(server: Server, tool: str = "start_monitoring") -> str:
    return without_login(hooks_of(swml(server))[tool])


def call(tool: str = "start_monitoring", **fields: Any) -> dict[str, Any]:
    return raw_data(function=tool, argument={"parsed": [{}], "raw": "{}"}, **fields)


def test_an_agent_answers_with_valid_swml(agents_server: Server) -> None:
    assert SCHEMA.validate_document(swml(agents_server)) == (True, [])


def test_hooks_point_to_the_public_url(agents_server: Server) -> None:
    base = f"{agents_server.url}/agents/receptionist/swaig/?__token="
    assert hook(agents_server, "start_monitoring").startswith(base)
    assert hook(agents_server, "stop_monitoring").startswith(base)


def test_forwarded_headers_do_not_move_the_hooks(agents_server: Server) -> None:
    hooks = hooks_of(swml(agents_server, X_Forwarded_Host="evil.example"))
    assert not [url for url in hooks.values() if "evil" in url]


def test_a_signed_tool_call_starts_a_tap(agents_server: Server) -> None:
    answer = post(hook(agents_server), call())
    assert answer.status == HTTPStatus.OK
    verb = verb_of(answer.json, "tap")
    assert verb["control_id"] == Tap.objects.get().control_id
    assert verb["uri"].startswith(agents_server.ws_url)


@pytest.mark.parametrize("sign", ["", "0" * 40], ids=["unsigned", "wrongly signed"])
def test_a_tool_call_that_signalwire_did_not_sign_is_refused(
    agents_server: Server, sign: str
) -> None:
    assert post(hook(agents_server), call(), sign=sign).status == HTTPStatus.FORBIDDEN
    assert not Tap.objects.exists()


def test_a_swml_request_that_signalwire_did_not_sign_is_refused(agents_server: Server) -> None:
    for path in ("/agents/receptionist", "/agents/receptionist/"):
        answer = post(agents_server.url + path, {}, sign="")
        assert answer.status == HTTPStatus.FORBIDDEN


def test_a_signed_request_without_the_password_is_refused(agents_server: Server) -> None:
    answer = post(f"{agents_server.url}/agents/receptionist", {}, Authorization="")
    assert answer.status == HTTPStatus.UNAUTHORIZED


def test_a_tool_call_for_another_call_is_refused(agents_server: Server) -> None:
    answer = post(hook(agents_server), call(call_id="call-2"))
    assert "action" not in answer.json
    assert not Tap.objects.exists()


def test_a_token_starts_its_own_tool_only(agents_server: Server) -> None:
    answer = post(hook(agents_server, "stop_monitoring"), call("start_monitoring"))
    assert "action" not in answer.json
    assert not Tap.objects.exists()


def test_the_sdk_is_quiet(agents_server: Server) -> None:
    swml(agents_server)
    said = agents_server.said()
    assert "INFO    signalwire" not in said
    assert "DEBUG   signalwire" not in said
    assert "SWML_PROXY_URL_BASE is set" not in said


def test_the_sdk_gets_secrets_from_files(agents_server: Server, tmp_path: Path) -> None:
    made_elsewhere = hook(agents_server)
    files: dict[str, str] = {}
    for name in ("SIGNALWIRE_SIGNING_KEY", "SIGNALWIRE_SWAIG_SECRET", "SWML_BASIC_AUTH_PASSWORD"):
        path = tmp_path / name
        path.write_text(f"{getattr(settings, name)}\n")
        files |= {name: "", f"{name}_FILE": str(path)}
    with Server(app="agents.asgi:application", **files) as server:
        url = f"{server.url}/agents/receptionist"
        assert post(url, {}).status == HTTPStatus.OK
        assert post(url, {}, sign="").status == HTTPStatus.FORBIDDEN
        assert post(url, {}, Authorization="").status == HTTPStatus.UNAUTHORIZED
        answer = post(made_elsewhere.replace(agents_server.url, server.url), call())
        assert verb_of(answer.json, "tap")["uri"].startswith(server.ws_url)


def test_a_child_of_a_process_with_agents_starts_with_the_same_secrets(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("the file's\n")
    files = {"SIGNALWIRE_SWAIG_SECRET": "", "SIGNALWIRE_SWAIG_SECRET_FILE": str(path)}
    child = "from django.conf import settings; print(settings.SIGNALWIRE_SWAIG_SECRET)"
    parent = f"import agents, subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    done = subprocess.run(
        [sys.executable, "-c", parent],
        cwd=settings.BASE_DIR,
        env={**os.environ, **files},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("the file's\n", "")


def test_a_random_password_is_warned_of(django_db_setup: None) -> None:
    with Server(app="agents.asgi:application", SWML_BASIC_AUTH_PASSWORD="") as server:
        assert "SWML_BASIC_AUTH_PASSWORD are not both set" in server.said()


@pytest.mark.parametrize("path", ["/agents/nobody", "/agents/", "/agents/receptionists/swaig"])
def test_an_unknown_agent_is_not_found(agents_server: Server, path: str) -> None:
    answer = post(agents_server.url + path, {})
    assert answer.status == HTTPStatus.NOT_FOUND
    assert answer.headers["Content-Type"].startswith("text/html")  # the SDK would answer JSON
