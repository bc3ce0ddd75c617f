"""A team may demand that users say why they listen to its calls."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.contrib.auth.models import User
from django.test import Client

from monitor.models import Agent, ListenSession, Tap, Team
from monitor.services import reasons
from tests.support.servers import Server
from tests.support.talk import closing, message_of, open_tap

AGENT = "sales-desk"
WANTED = (4453, "reason wanted")


@pytest.fixture
def strict(transactional_db: Any) -> Team:
    """A team that demands reasons, with one agent."""
    team = Team.objects.create(name="Sales", needs_reason=True)
    Agent.objects.create(name=AGENT, team=team)
    return team


async def tap_of(call_id: str = "call-1", agent: str = AGENT, **options: str) -> Tap:
    return (await open_tap(call_id, agent=agent, **options)).tap


async def give(user: User, tap: Tap) -> None:
    await database_sync_to_async(reasons.give)(user, tap.call_id, "a complaint")


@pytest.mark.usefixtures("strict")
async def test_who_has_not_said_why_is_refused(server: Server, alice: User) -> None:
    async with server.listen((await tap_of()).pk, alice) as page:
        assert await closing(page) == WANTED
    assert not await ListenSession.objects.aexists()


@pytest.mark.usefixtures("strict")
async def test_a_superuser_is_asked_as_well(server: Server, root: User) -> None:
    async with server.listen((await tap_of()).pk, root) as page:
        assert await closing(page) == WANTED


@pytest.mark.usefixtures("strict")
async def test_who_has_said_why_hears_each_side_of_that_call_again_and_again(
    server: Server, alice: User
) -> None:
    taps = [await tap_of(), await tap_of(direction="speak")]
    await give(alice, taps[0])
    for tap in (*taps, taps[0]):
        async with server.listen(tap.pk, alice) as page:
            await message_of(page, "hello")
    said = ListenSession.objects.values_list("reason", flat=True)
    assert [one async for one in said] == ["a complaint"] * 3


@pytest.mark.usefixtures("strict")
async def test_another_call_and_another_user_are_asked_again(
    server: Server, alice: User, root: User
) -> None:
    tap, other = await tap_of(), await tap_of("call-2")
    await give(alice, tap)
    for asked, user in ((other, alice), (tap, root)):
        async with server.listen(asked.pk, user) as page:
            assert await closing(page) == WANTED


@pytest.mark.usefixtures("strict")
async def test_calls_of_other_agents_need_none(server: Server, alice: User) -> None:
    async with server.listen((await tap_of(agent="other-desk")).pk, alice) as page:
        await message_of(page, "hello")


async def test_open_sockets_are_closed_when_a_team_begins_to_demand_it(
    server: Server, alice: User, strict: Team
) -> None:
    await Team.objects.aupdate(needs_reason=False)
    async with server.listen((await tap_of()).pk, alice) as page:
        await message_of(page, "hello")
        strict.needs_reason = True
        await database_sync_to_async(strict.save)()
        assert await closing(page) == WANTED


@pytest.mark.usefixtures("strict")
async def test_the_reason_that_a_page_posts_opens_the_call(
    server: Server, alice: User, as_alice: Client
) -> None:
    tap = await tap_of()
    post: Callable[..., Any] = database_sync_to_async(as_alice.post)
    answer = await post(f"/calls/{tap.call_id}/reason", {"reason": "a complaint"})
    assert answer.status_code == HTTPStatus.ACCEPTED
    async with server.listen(tap.pk, alice) as page:
        await message_of(page, "hello")
