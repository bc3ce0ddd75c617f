"""What SignalWire posted reaches an agent's own URL as SignalWire would post it."""

from __future__ import annotations

import asyncio
import base64

import pytest

from monitor.adapters.agents.own_webhook import Outcome, own_webhook
from monitor.adapters.carriers.signalwire import signature
from monitor.wire.own_post import OwnPost
from tests.support.environment import free_port
from tests.support.own_endpoint import LOGIN, own_endpoint

BODY = '{"call_info": {}, "text": "ä \\u00e4"} \n'.encode()
KEY = "PSK_own"


def post_to(url: str) -> OwnPost:
    return OwnPost(url, BODY, "application/json; charset=utf-8", "call-1", is_record=True)


async def test_the_same_bytes_arrive_with_the_urls_login_and_signalwires_signature() -> None:
    async with own_endpoint() as own, own_webhook(KEY) as webhook:
        answer = await webhook.send(post_to(own.url))
    (got,) = own.got
    assert answer.outcome is Outcome.TAKEN
    assert (got.path, got.body) == ("/own%2Fpath?key=a%26b", BODY)
    assert got.headers["Content-Type"] == "application/json; charset=utf-8"
    assert got.headers["Authorization"] == f"Basic {base64.b64encode(LOGIN.encode()).decode()}"
    assert signature.is_signed(f"http://{own.base}{got.path}", got.headers, BODY, [KEY])


async def test_without_a_key_nothing_is_signed() -> None:
    async with own_endpoint() as own, own_webhook("") as webhook:
        await webhook.send(post_to(own.url))
    assert not [name for name in own.got[0].headers if "signature" in name.lower()]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (204, Outcome.TAKEN),
        (400, Outcome.REFUSED),
        (403, Outcome.REFUSED),
        (429, Outcome.UNANSWERED),
        (503, Outcome.UNANSWERED),
    ],
)
async def test_some_refusals_are_worth_another_attempt(status: int, outcome: Outcome) -> None:
    async with own_endpoint() as own, own_webhook("") as webhook:
        own.statuses = [status]
        answer = await webhook.send(post_to(own.url))
    assert (answer.outcome, answer.why) == (outcome, f"answered {status}")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    async with own_endpoint() as own, own_webhook("") as webhook:
        own.statuses = [status]
        answer = await webhook.send(post_to(own.url))
    assert answer.outcome is Outcome.REFUSED
    assert len(own.got) == 1


async def test_one_who_hangs_is_left() -> None:
    async with own_endpoint() as own, own_webhook("", timeout=0.05) as webhook:
        own.free.clear()
        answer = await asyncio.wait_for(webhook.send(post_to(own.url)), 5)
    assert (answer.outcome, answer.why) == (Outcome.UNANSWERED, "no answer in time")


async def test_where_nobody_is_nothing_of_the_url_is_told() -> None:
    async with own_webhook("") as webhook:
        answer = await webhook.send(post_to(f"http://{LOGIN}@127.0.0.1:{free_port()}/secret"))
    assert (answer.outcome, answer.why) == (Outcome.UNANSWERED, "ClientConnectorError")


def test_neither_the_url_nor_the_body_is_in_what_a_log_would_have() -> None:
    post = post_to(f"https://{LOGIN}@desk.example:8443/secret")
    assert "secret" not in repr(post)
    assert "text" not in repr(post)
    assert post.host == "https://desk.example:8443"


async def test_a_url_without_a_login_is_posted_to_without_one() -> None:
    async with own_endpoint() as own, own_webhook("") as webhook:
        await webhook.send(post_to(f"http://{own.base}/own"))
    assert "Authorization" not in own.got[0].headers


async def test_what_is_no_url_is_refused() -> None:
    async with own_webhook("") as webhook:
        answer = await webhook.send(post_to("http:///own"))
    assert (answer.outcome, answer.why) == (Outcome.REFUSED, "no valid URL")
