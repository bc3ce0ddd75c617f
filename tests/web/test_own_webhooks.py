"""What is posted to us is passed on to the agent's own URL, and our answer waits for nobody."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
from collections.abc import AsyncIterator, MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import pytest
from channels.db import database_sync_to_async
from django.test import Client
from signalwire import AgentBase

import agents.monitoring
from monitor.adapters.agents.own_webhook import own_webhook
from monitor.bus.process import this_process
from monitor.models import CallEvent
from monitor.services import event_urls
from monitor.services.event_urls import Purpose
from monitor.wire.own_post import OwnPost
from monitor.workers.pass_on import PassOn
from tests.support.agents import post as http_post
from tests.support.own_endpoint import OwnEndpoint, own_endpoint
from tests.support.servers import Server
from tests.support.waiting import PATIENCE, until
from tests.support.words import AGENT, events, heard, post, summary

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "PSK_test"


@contextlib.asynccontextmanager
async def passing_on() -> AsyncIterator[OwnEndpoint]:
    """Run an agent's own endpoint, and what passes on to it."""
    process = this_process()
    worker = PassOn(
        process.outgoing, functools.partial(own_webhook, KEY), process.metrics.passed_on
    )
    async with own_endpoint() as own:
        task = asyncio.create_task(worker.run())
        await asyncio.sleep(0)
        try:
            yield own
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def told(body: Any, own_url: str, purpose: Purpose = "events") -> Any:
    """Post as SignalWire does, to the URL that an agent with an own URL has."""
    token = event_urls.make(purpose, AGENT, own_url)
    send = database_sync_to_async(post)
    return await send(Client(), body, purpose=purpose, token=token)


def passed() -> dict[str, int]:
    return this_process().metrics.passed_on.take()


@pytest.mark.parametrize(
    ("purpose", "body"),
    [
        ("events", b' {"call_info":{"call_id":"c-1"},\n "speech_detect":{"text":"\\u00e4"}}'),
        ("summary", json.dumps(summary(), indent=1).encode()),
    ],
)
async def test_the_agents_own_url_gets_the_same_bytes(purpose: Purpose, body: bytes) -> None:
    async with passing_on() as own:
        response = await told(body, own.url, purpose)
        assert response.json() == {"stored": 1}
        await until(lambda: own.got)
    assert own.bodies == [body]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"no JSON", HTTPStatus.BAD_REQUEST), (events(), HTTPStatus.BAD_REQUEST)],
)
async def test_what_we_cannot_read_is_passed_on_all_the_same(body: Any, status: HTTPStatus) -> None:
    async with passing_on() as own:
        assert (await told(body, own.url)).status_code == status
        await until(lambda: own.got)


async def test_our_answer_does_not_wait_for_one_who_hangs() -> None:
    passed()
    async with passing_on() as own:
        own.free.clear()
        for n in range(20):
            response = await asyncio.wait_for(told(heard(f"Sentence {n}."), own.url), 5)
            assert response.json() == {"stored": 1}
        await until(lambda: own.got)
        assert await CallEvent.objects.acount() == 20
        assert passed() == {}


async def test_one_who_is_dead_costs_nothing_but_a_count() -> None:
    passed()
    async with passing_on() as own:
        own.statuses = [410]
        assert (await told(heard("Hello."), own.url)).json() == {"stored": 1}
        counts: dict[str, int] = {}
        await until(lambda: counts.update(passed()) or counts)
        assert counts == {"failed": 1}


async def test_a_post_with_a_token_of_a_strangers_goes_nowhere() -> None:
    async with passing_on() as own:
        name, sealed, signature = event_urls.make("events", AGENT, own.url).split(".")
        other = event_urls.make("events", "other").split(".")
        for token in (
            f"{name}.{sealed}.{other[1]}",
            f"{other[0]}.{sealed}.{other[1]}",
            f"{name}.{sealed[:-4]}AAAA.{signature}",
            f"{name}.{signature}",
        ):
            response = await database_sync_to_async(post)(Client(), heard("Hi."), token=token)
            assert response.status_code == HTTPStatus.NOT_FOUND
    assert not own.got


async def test_without_the_login_nothing_is_passed_on() -> None:
    async with passing_on() as own:
        token = event_urls.make("events", AGENT, own.url)
        send = database_sync_to_async(post)
        response = await send(Client(), heard("Hi."), token=token, login="a:b")
        assert response.status_code == HTTPStatus.UNAUTHORIZED
    assert not own.got


FETCH = {"action": "fetch_conversation", "conversation_id": "c-1"}


async def test_a_question_of_signalwires_is_answered_by_the_agent() -> None:
    async with passing_on() as own:
        own.answer = b'{"conversation_summary": "They spoke before."}'
        response = await told(FETCH, own.url, "summary")
    assert response.json() == {"conversation_summary": "They spoke before."}
    assert [json.loads(body) for body in own.bodies] == [FETCH]


async def test_a_question_that_the_agent_does_not_answer_is_answered_by_us() -> None:
    async with passing_on() as own:
        own.statuses = [500]
        assert (await told(FETCH, own.url, "summary")).json() == {"stored": 0}


class Desk(AgentBase):
    """An agent with the SDK's own handlers."""

    def __init__(self) -> None:
        super().__init__(name="desk", route="/agents/desk", signing_key=KEY)
        self.add_skill(agents.monitoring.MonitoringSkill.SKILL_NAME)
        self.set_post_prompt("Return JSON.")
        self.enable_debug_events()
        self.on_debug_event(lambda kind, body: self.seen.append(body))
        self.seen: list[Any] = []

    def on_summary(self, summary: Any, raw_data: Any = None) -> None:
        self.seen.append(raw_data)


class Delivered:
    """Hands posts to an agent's application as they would come over HTTP."""

    def __init__(self, agent: AgentBase) -> None:
        self._app = agent.get_app()
        self.statuses: list[int] = []

    async def send(self, post: OwnPost) -> Any:
        async with own_webhook(KEY) as webhook:
            url, headers = webhook._request(post)
        path, _, query = url.removeprefix("http://127.0.0.1:8000").partition("?")
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": query.encode(),
            "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
            "scheme": "http",
            "server": ("127.0.0.1", 8000),
            "http_version": "1.1",
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": post.body}

        async def keep(message: MutableMapping[str, Any]) -> None:
            if "status" in message:
                self.statuses.append(message["status"])

        await self._app(scope, receive, keep)


async def test_the_sdks_own_handlers_get_what_is_passed_on() -> None:
    agent = Desk()
    ai = next(
        verb["ai"]
        for verb in json.loads(agent._render_swml("call-1"))["sections"]["main"]
        if "ai" in verb
    )
    delivered = Delivered(agent)
    for purpose, url, body in (
        ("events", ai["params"]["debug_webhook_url"], heard("Hello.")),
        ("summary", ai["post_prompt_url"], summary()),
    ):
        found = event_urls.read(purpose, url.split("/calls/")[1].split("/")[0])  # type: ignore[arg-type]
        assert found
        raw = json.dumps(body).encode()
        await delivered.send(OwnPost(found.own_url, raw, "application/json", "call-1", False))
    assert delivered.statuses == [HTTPStatus.OK, HTTPStatus.OK]
    assert agent.seen == [heard("Hello."), summary()]


async def test_a_server_passes_on_what_it_has_answered(server: Server) -> None:
    async with own_endpoint() as own:
        own.free.clear()
        path = urlsplit(event_urls.url("events", AGENT, own.url)).path
        answer = await asyncio.to_thread(http_post, f"{server.url}{path}", heard("Hello."))
        assert answer.json == {"stored": 1}
        await until(lambda: own.got, within=PATIENCE)
        own.free.set()
    assert [json.loads(body) for body in own.bodies] == [heard("Hello.")]
