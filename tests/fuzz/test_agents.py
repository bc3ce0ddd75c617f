"""Whatever is posted to an agent, signed, is answered, and the agent answers the next caller."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from http import HTTPStatus

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from tests.support.agents import hooks_of, post, raw_data, signature, without_login
from tests.support.fuzz import examples, messages
from tests.support.servers import Server

CALL = raw_data(function="start_monitoring", argument={"parsed": [{}], "raw": "{}"})
LOGIN = f"{settings.SWML_BASIC_AUTH_USER}:{settings.SWML_BASIC_AUTH_PASSWORD}"
AUTHORIZATION = f"Basic {base64.b64encode(LOGIN.encode()).decode()}"


def status_of(url: str, raw: bytes) -> int:
    """Post a signed body, and return the status of the answer."""
    headers = {
        "Content-Type": "application/json",
        "Authorization": AUTHORIZATION,
        "X-SignalWire-Signature": signature(url, raw),
    }
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, raw, headers), timeout=10
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def is_object(raw: bytes) -> bool:
    try:
        return isinstance(json.loads(raw), dict)
    except (ValueError, RecursionError):
        return False


@pytest.mark.hypothesis
def test_a_signed_post_of_any_bytes(agents_server: Server) -> None:
    agent = f"{agents_server.url}/agents/receptionist"
    hook = without_login(hooks_of(post(agent, {}).json)["start_monitoring"])

    @examples(80)
    @given(url=st.sampled_from([agent, hook]), raw=messages(CALL))
    def search(url: str, raw: bytes) -> None:
        status = status_of(url, raw)
        # The SDK answers 500 to JSON that is no object, which SignalWire would have to sign.
        assert status < HTTPStatus.INTERNAL_SERVER_ERROR or not is_object(raw)

    search()
    assert post(hook, CALL).status == HTTPStatus.OK
    assert "Traceback" not in agents_server.said()
