"""What the sockets of pages tell of a caller's number, and what a change of permission does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.contrib.auth.models import Permission, User

from monitor.models import Call, Tap
from monitor.services import announce
from tests.support.servers import Server
from tests.support.talk import Connection, json_message, message_of

Cast = dict[str, User | None]

FULL = {"caller": "+15550001", "caller_name": "Ann Lee 5550001"}
MASKED = {"caller": "•••0001", "caller_name": "Ann Lee •••001"}
#: Seconds. All sockets are checked every 30 s anyway; what a change does at once comes before that.
AT_ONCE = 10.0


@pytest.fixture(autouse=True)
def _numbers_in_names(sales_call: Tap) -> None:
    Call.objects.filter(pk=sales_call.call_id).update(caller_name=FULL["caller_name"])


def caller(described: dict[str, Any]) -> dict[str, Any]:
    return {name: described[name] for name in FULL}


async def listed(console: Connection) -> dict[str, Any]:
    """Return the caller of the call of Sales, as the next snapshot has it."""
    calls = (await message_of(console, "snapshot", AT_ONCE))["calls"]
    return next(caller(call) for call in calls if call["agent"] == "sales-desk")


@pytest.mark.parametrize(("name", "shown"), [("alice", FULL), ("frank", MASKED), ("dora", FULL)])
async def test_snapshots_changes_and_hellos_tell_what_the_user_may_see(
    server: Server, sales_call: Tap, cast: Cast, name: str, shown: dict[str, Any]
) -> None:
    async with server.console(cast[name]) as console:
        assert await listed(console) == shown
        await database_sync_to_async(announce.publish_changes)([sales_call.call_id])
        assert caller((await message_of(console, "call"))["call"]) == shown
    async with server.listen(sales_call.pk, cast[name]) as ear:
        hello = await json_message(ear)
        assert caller(hello["tap"]) == shown


def own_permissions(user: User) -> Any:
    return user.user_permissions


def permissions_of_the_group(user: User) -> Any:
    return user.groups.get().permissions


@pytest.mark.parametrize("permissions", [own_permissions, permissions_of_the_group])
async def test_a_list_that_is_open_obeys_at_once(
    server: Server,
    sales_call: Tap,
    cast: Cast,
    permissions: Callable[[User], Any],
) -> None:
    frank = cast["frank"]
    assert frank
    permission = await Permission.objects.aget(codename="see_full_numbers")
    async with server.console(frank) as console:
        assert await listed(console) == MASKED
        held = await database_sync_to_async(permissions)(frank)
        await held.aadd(permission)
        assert await listed(console) == FULL
        await held.aremove(permission)
        assert await listed(console) == MASKED
        await database_sync_to_async(announce.publish_changes)([sales_call.call_id])
        assert caller((await message_of(console, "call"))["call"]) == MASKED
