"""What each of the cast hears and sees on the sockets of pages, and what a change of team does."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar

import pytest
import redis
import websockets
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.models import User

from monitor.bus.keys import EVENTS, METERS, WORDS
from monitor.limits import Limits
from monitor.models import Agent, Call, Tap, Team
from monitor.routing import websocket_router
from monitor.runtime import Runtime
from monitor.services import descriptions, taps
from monitor.web.sockets import paths
from tests.support.cast import signed_in
from tests.support.servers import Server
from tests.support.talk import Connection, closing, json_message, message_of
from tests.support.waiting import PATIENCE

T = TypeVar("T")
Cast = dict[str, User | None]

#: The first message to each of the cast, or the code with which the socket is closed.
TABLE: dict[str, dict[str, str | int]] = {
    paths.LISTEN_ROUTE: {
        "alice": "hello",
        "bob": 4404,
        "charlie": 4403,
        "dora": "hello",
        "erin": 4403,
        "nobody": 4401,
    },
    paths.CONSOLE_ROUTE: {
        "alice": "snapshot",
        "bob": "snapshot",
        "charlie": 4403,
        "dora": "snapshot",
        "erin": 4403,
        "nobody": 4401,
    },
}
#: How an open listener's socket is closed that belongs to the call of another team.
GONE = (4403, "this call is not your team's any more")
#: Seconds. All sockets are checked every 30 s anyway; what a change does at once comes before that.
AT_ONCE = 10.0
#: A token opens the one, and there is nothing behind the others.
NOT_FOR_PAGES = {"tap/<str:token>", "<path:anything>", ""}


def path_of(route: str, tap: uuid.UUID) -> str:
    return paths.listen(tap) if route == paths.LISTEN_ROUTE else paths.CONSOLE


async def answered(page: Connection) -> str | int:
    """Return the type of the first message, or the code of the close."""
    try:
        return str((await json_message(page))["type"])
    except websockets.ConnectionClosed:
        return (await closing(page))[0]


def test_every_socket_has_a_row() -> None:
    router = websocket_router(Runtime(Limits()))
    assert {str(route.pattern) for route in router.routes} == {*TABLE, *NOT_FOR_PAGES}


@pytest.mark.parametrize("route", TABLE)
async def test_each_of_the_cast_is_answered(
    server: Server, sales_call: Tap, cast: Cast, route: str
) -> None:
    told = {}
    for name in TABLE[route]:
        async with server.page(path_of(route, sales_call.pk), cast[name]) as page:
            told[name] = await answered(page)
    assert told == TABLE[route]


async def test_a_tap_of_another_team_is_refused_as_one_that_does_not_exist(
    server: Server, sales_call: Tap, cast: Cast
) -> None:
    closed = []
    for tap_id in (sales_call.pk, uuid.uuid4()):
        async with server.listen(tap_id, cast["bob"]) as page:
            closed.append(await closing(page))
    assert closed == [(4404, "no such tap")] * 2


@pytest.fixture
async def consoles(
    server: Server, sales_call: Tap, cast: Cast
) -> AsyncIterator[dict[str, Connection]]:
    """The open lists of alice, bob and dora."""
    async with AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(server.console(cast[name]))
            for name in ("alice", "bob", "dora")
        }


async def at_once(coming: Coroutine[Any, Any, T]) -> T:
    async with asyncio.timeout(AT_ONCE):
        return await coming


def agents_of(snapshot: dict[str, Any]) -> set[str]:
    return {call["agent"] for call in snapshot["calls"]}


async def next_agents(page: Connection) -> set[str]:
    """Return whose calls the next snapshot has."""
    return agents_of(await message_of(page, "snapshot"))


async def test_each_list_begins_with_the_calls_that_are_seen(
    consoles: dict[str, Connection],
) -> None:
    snapshots = {name: await json_message(page) for name, page in consoles.items()}
    seen = {name: agents_of(snapshot) for name, snapshot in snapshots.items()}
    assert seen == {
        "alice": {"sales-desk"},
        "bob": {"support-desk"},
        "dora": {"sales-desk", "support-desk"},
    }
    words = {name: len(snapshot["said"]) for name, snapshot in snapshots.items()}
    assert words == {"alice": 1, "bob": 0, "dora": 1}


def about(*calls: Call) -> dict[str, dict[str, Any]]:
    """Return a message of each type that consoles are sent about these calls. Those that can be
    about several are about all of them, and the others about the first."""
    one = calls[0]
    legs = [str(call.taps.get().pk) for call in calls]
    [described] = descriptions.describe(Call.objects.filter(pk=one.pk))
    marks = [call.agent.encode()[:2] for call in calls]
    return {
        "call": {"type": "call", "call": described},
        "stall": {"type": "stall", "tap": legs[0], "stalled": False},
        "talk": {"type": "talk", "calls": {str(call.pk): {"n": call.agent} for call in calls}},
        "meters": {
            "type": "meters",
            "levels": {leg: [-20.0, -10.0] for leg in legs},
            "packets": {leg: {"received": 5} for leg in legs},
            "second": 7,
            "bars": base64.b64encode(bytes(mark[1] for mark in marks)).decode(),
        },
        "words": {
            "type": "words",
            "call": str(one.pk),
            "from": None,
            "until": None,
            "lines": None,
            "received": 0.0,
        },
    }


def publish(messages: dict[str, dict[str, Any]]) -> None:
    streams = {"meters": METERS, "words": WORDS}
    with redis.Redis.from_url(settings.REDIS_URL) as store:
        for kind, message in messages.items():
            store.xadd(streams.get(kind, EVENTS), {"j": json.dumps(message)})


async def received(page: Connection, count: int) -> list[dict[str, Any]]:
    """Return so many messages of a console, without those that keep it alive."""
    messages: list[dict[str, Any]] = []
    while len(messages) < count:
        message = await json_message(page)
        if message["type"] != "alive":
            messages.append(message)
    return messages


async def test_each_list_is_sent_what_is_about_calls_that_are_seen_and_nothing_else(
    consoles: dict[str, Connection], sales_call: Tap
) -> None:
    for page in consoles.values():
        await json_message(page)
    sales = sales_call.call
    support = await Call.objects.aget(agent="support-desk")
    of_sales = await database_sync_to_async(about)(sales)
    of_support = await database_sync_to_async(about)(support)
    of_both = await database_sync_to_async(about)(sales, support)
    # Whatever should be kept from somebody comes before something that is for them.
    for messages in (of_support, of_both, of_support, of_sales):
        publish(messages)
    mixed = {kind: of_both[kind] for kind in ("talk", "meters")}
    single = {kind: of_sales[kind] for kind in ("call", "stall", "words")}
    expected = {
        "alice": [of_sales, of_sales],
        "bob": [of_support, {kind: of_support[kind] for kind in mixed}, of_support],
        "dora": [of_support, {**single, **mixed}, of_support, of_sales],
    }
    for name, rounds in expected.items():
        told = [message for one in rounds for message in one.values()]
        got = await received(consoles[name], len(told))
        assert sorted(map(json.dumps, got)) == sorted(map(json.dumps, told)), name


def update_in_bulk() -> None:
    Agent.objects.filter(name="sales-desk").update(team=Team.objects.get(name="Support"))


def save_the_agent() -> None:
    agent = Agent.objects.get(name="sales-desk")
    agent.team = Team.objects.get(name="Support")
    agent.save()


def save_the_team_in_the_admin() -> None:
    support = Team.objects.get(name="Support")
    form = {
        "name": support.name,
        "members": [user.pk for user in support.members.all()],
        "agents": [agent.pk for agent in Agent.objects.all()],
    }
    client = signed_in(User.objects.get(username="dora"))
    client.post(f"/admin/monitor/team/{support.pk}/change/", form)


@pytest.mark.parametrize("move", [update_in_bulk, save_the_agent, save_the_team_in_the_admin])
async def test_an_agent_that_changes_its_team_takes_its_call_along_at_once(
    server: Server,
    consoles: dict[str, Connection],
    sales_call: Tap,
    cast: Cast,
    move: Callable[[], None],
) -> None:
    for page in consoles.values():
        await json_message(page)
    async with server.listen(sales_call.pk, cast["alice"]) as ear:
        await json_message(ear)
        await database_sync_to_async(move)()
        assert await at_once(closing(ear)) == GONE
    assert await at_once(next_agents(consoles["alice"])) == set()
    assert await at_once(next_agents(consoles["bob"])) == {"sales-desk", "support-desk"}
    messages = await database_sync_to_async(about)(sales_call.call)
    for kind, message in messages.items():
        publish({kind: message})
        await message_of(consoles["bob"], kind)


def leave() -> None:
    Team.objects.get(name="Sales").members.remove(User.objects.get(username="alice"))


def leave_by_the_user() -> None:
    User.objects.get(username="alice").teams.set([])


def delete_the_team() -> None:
    Team.objects.get(name="Sales").delete()


def delete_the_agent() -> None:
    Agent.objects.get(name="sales-desk").delete()


@pytest.mark.parametrize("lose", [leave, leave_by_the_user, delete_the_team, delete_the_agent])
async def test_who_loses_the_team_loses_its_calls_at_once(
    server: Server,
    consoles: dict[str, Connection],
    sales_call: Tap,
    cast: Cast,
    lose: Callable[[], None],
) -> None:
    for page in consoles.values():
        await json_message(page)
    async with server.listen(sales_call.pk, cast["alice"]) as ear:
        await json_message(ear)
        await database_sync_to_async(lose)()
        assert await at_once(closing(ear)) == GONE
    assert await at_once(next_agents(consoles["alice"])) == set()


async def test_who_joins_a_team_sees_its_calls_at_once(
    consoles: dict[str, Connection],
) -> None:
    for page in consoles.values():
        await json_message(page)
    sales = await Team.objects.aget(name="Sales")
    await sales.members.aadd(await User.objects.aget(username="bob"))
    # Without this the page would take what the snapshot lacks for calls that have ended.
    await at_once(message_of(consoles["bob"], "other_calls"))
    assert await at_once(next_agents(consoles["bob"])) == {"sales-desk", "support-desk"}


async def test_a_new_agents_call_is_seen_at_once_by_the_team_that_takes_new_agents(
    consoles: dict[str, Connection],
) -> None:
    for page in consoles.values():
        await json_message(page)
    await Team.objects.filter(name="Sales").aupdate(takes_new_agents=True)
    await database_sync_to_async(taps.open_tap)("call-of-new", agent="new-desk")
    assert await at_once(next_agents(consoles["alice"])) == {"sales-desk", "new-desk"}


async def test_a_new_agents_call_is_seen_without_a_team_by_those_only_who_see_all(
    consoles: dict[str, Connection], sales_call: Tap
) -> None:
    for page in consoles.values():
        await json_message(page)
    await database_sync_to_async(taps.open_tap)("call-of-new", agent="new-desk")
    publish(await database_sync_to_async(about)(sales_call.call))
    assert (await message_of(consoles["alice"], "call", PATIENCE))["call"]["agent"] == "sales-desk"
    assert (await message_of(consoles["dora"], "call", PATIENCE))["call"]["agent"] == "new-desk"
