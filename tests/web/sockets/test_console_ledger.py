"""What a console shows of what is said is in the ledger, and who was refused a socket."""

from __future__ import annotations

import json
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.contrib.auth.models import Group, Permission, User

from monitor.models import Agent, LedgerEntry, LedgerKind, Team
from tests.support.cast import permit
from tests.support.ledger import entries, no_entries
from tests.support.servers import Server
from tests.support.talk import closing, json_message, open_tap
from tests.support.waiting import eventually


async def told(kind: LedgerKind) -> tuple[LedgerEntry, Any]:
    """Return the first entry of a kind, once it is there, with its details."""

    async def look() -> LedgerEntry | None:
        return next(iter(await database_sync_to_async(entries)(kind)), None)

    found: LedgerEntry = await eventually(look)
    return found, json.loads(found.details)


async def test_whose_last_lines_are_shown_is_told_before_and_after(
    server: Server, alice: User
) -> None:
    async with server.console(alice) as page:
        await json_message(page)
        [began] = await database_sync_to_async(entries)(LedgerKind.LIST_BEGAN)
    assert (began.username, began.address) == ("alice", "127.0.0.1")
    assert json.loads(began.details) == {"teams": "all"}
    ended, details = await told(LedgerKind.LIST_ENDED)
    assert (ended.username, details) == ("alice", {"reason": "the page left"})


async def test_that_somebody_may_not_read_words_any_more_ends_it(
    server: Server, alice: User
) -> None:
    async with server.console(alice) as page:
        await json_message(page)
        group = await Group.objects.aget(name="Supervisors")
        right = await Permission.objects.aget(codename="read_words")
        await database_sync_to_async(group.permissions.remove)(right)
        _, details = await told(LedgerKind.LIST_ENDED)
    assert details == {"reason": "may not read words any more"}


async def test_the_list_is_not_shown_while_that_cannot_be_recorded(
    server: Server, alice: User
) -> None:
    connect = server.console(alice)
    async with no_entries(), connect as page:
        assert await closing(page) == (1013, "the ledger could not be written")


async def test_who_was_refused_to_listen_is_told(server: Server, charlie: User) -> None:
    opened = await open_tap("call-1")
    async with server.listen(opened.tap.pk, charlie) as page:
        await closing(page)
    refused, details = await told(LedgerKind.REFUSED)
    assert (refused.username, refused.call_id, refused.tap) == ("charlie", "call-1", opened.tap.pk)
    assert details == {"what": "listen", "why": "permission"}


async def test_who_was_refused_a_tap_of_another_team_is_told(server: Server, charlie: User) -> None:
    opened = await open_tap("call-1", agent="desk")
    await database_sync_to_async(permit)(charlie, "listen_tap")
    async with server.listen(opened.tap.pk, charlie) as page:
        await closing(page)
    _, details = await told(LedgerKind.REFUSED)
    assert details == {"what": "listen", "why": "team"}


@pytest.mark.parametrize(
    ("demand", "why"), [("needs_notice", "notice"), ("needs_reason", "reason")]
)
async def test_who_was_refused_for_what_a_team_demands_is_told(
    server: Server, alice: User, demand: str, why: str
) -> None:
    team = await Team.objects.acreate(name="Sales", **{demand: True})
    await Agent.objects.acreate(name="desk", team=team)
    # Of a name of its own: the server may have written of it already.
    opened = await open_tap(f"refused-for-{why}", agent="desk")
    for _ in range(3):
        async with server.listen(opened.tap.pk, alice) as page:
            await closing(page)
    [refused] = await database_sync_to_async(entries)(LedgerKind.REFUSED)
    assert (refused.username, refused.call_id, refused.tap) == (
        "alice",
        f"refused-for-{why}",
        opened.tap.pk,
    )
    assert json.loads(refused.details) == {"what": "listen", "why": why}


async def test_who_was_refused_the_list_is_told(server: Server, charlie: User) -> None:
    async with server.console(charlie) as page:
        await closing(page)
    refused, details = await told(LedgerKind.REFUSED)
    assert (refused.username, details["what"]) == ("charlie", "live list")
