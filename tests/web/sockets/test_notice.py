"""A team may forbid listening to calls whose parties were not told of it."""

from __future__ import annotations

from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.contrib.auth.models import User
from django.test import Client

from monitor.models import Agent, ListenSession, Tap, Team
from monitor.services import descriptions
from tests.support.servers import Server
from tests.support.talk import closing, message_of, open_tap

AGENT = "sales-desk"
REFUSED = (4451, "the parties were not told that it is listened to")


@pytest.fixture
def strict(transactional_db: Any) -> Team:
    """A team that demands notice, with one agent."""
    team = Team.objects.create(name="Sales", needs_notice=True)
    Agent.objects.create(name=AGENT, team=team)
    return team


async def tap_of(notice: str = "", agent: str = AGENT) -> Tap:
    return (await open_tap(agent=agent, notice=notice)).tap


@pytest.mark.usefixtures("strict")
async def test_a_call_whose_parties_were_not_told_is_refused(server: Server, alice: User) -> None:
    async with server.listen((await tap_of()).pk, alice) as page:
        assert await closing(page) == REFUSED
    assert not await ListenSession.objects.aexists()


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize(("notice", "agent"), [("tone", AGENT), ("", "other-desk")])
async def test_other_calls_are_heard(server: Server, alice: User, notice: str, agent: str) -> None:
    async with server.listen((await tap_of(notice, agent)).pk, alice) as page:
        hello = await message_of(page, "hello")
    assert hello["tap"]["notice"] == notice


async def test_open_sockets_are_closed_and_lists_told_when_a_team_begins_to_demand_it(
    server: Server, alice: User, strict: Team
) -> None:
    await Team.objects.aupdate(needs_notice=False)
    async with server.console(alice) as console, server.listen((await tap_of()).pk, alice) as page:
        await message_of(page, "hello")
        strict.needs_notice = True
        await database_sync_to_async(strict.save)()
        assert await closing(page) == REFUSED
        while not (await message_of(console, "call"))["call"]["needs_notice"]:
            pass


@pytest.mark.usefixtures("strict")
async def test_the_page_of_the_call_says_why_it_cannot_be_heard(as_alice: Client) -> None:
    tap = await tap_of()
    page = await database_sync_to_async(as_alice.get)(f"/calls/{tap.call_id}")
    html = page.content.decode()
    assert "were not told that it is listened to, so nobody may hear it" in html
    assert 'data-part="main"' not in html
    [call] = await database_sync_to_async(descriptions.current_calls)()
    assert call["needs_notice"] is True
