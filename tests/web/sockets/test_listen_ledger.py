"""Nobody hears a call before the ledger says who does."""

from __future__ import annotations

import json

from channels.db import database_sync_to_async
from django.contrib.auth.models import User

from monitor.models import LedgerEntry, LedgerKind, ListenSession
from tests.support.ledger import entries, no_entries
from tests.support.servers import Server
from tests.support.talk import Ear, closing, json_message, open_tap, payload
from tests.support.taps import ring_of
from tests.support.waiting import eventually


async def ledger_entry(kind: LedgerKind) -> LedgerEntry:
    async def look() -> LedgerEntry | None:
        return next(iter(await database_sync_to_async(entries)(kind)), None)

    found: LedgerEntry = await eventually(look)
    return found


async def test_who_listens_is_written_before_the_hello(server: Server, alice: User) -> None:
    opened = await open_tap("call-1")
    async with server.listen(opened.tap.pk, alice) as page:
        await json_message(page)
        [began] = await database_sync_to_async(entries)(LedgerKind.LISTEN_BEGAN)
    await ledger_entry(LedgerKind.LISTEN_ENDED)  # or the next test's session could be ended
    session = await ListenSession.objects.aget()
    assert (began.username, began.user_id, began.call_id) == ("alice", alice.pk, "call-1")
    assert (began.tap, began.listen, began.address) == (opened.tap.pk, session.pk, "127.0.0.1")
    assert json.loads(began.details) == {"notice": "", "reads_words": True, "reason": ""}


async def test_what_was_sent_and_acknowledged_is_written_at_the_end(
    server: Server, alice: User
) -> None:
    opened = await open_tap()
    async with server.listen(opened.tap.pk, alice) as page, server.tap(opened.uri) as sender:
        await json_message(page)
        for number in range(30):
            await sender.send(payload(number))
        await Ear(page).take(30 * 160)
        await page.send(json.dumps({"type": "ack", "position": 20 * 160}))
        await page.send(json.dumps({"type": "clock", "sent": 1}))
        await json_message(page)  # the ack was read
    details = json.loads((await ledger_entry(LedgerKind.LISTEN_ENDED)).details)
    assert (details["frames"], details["dropped"], details["reason"]) == (10, 0, "the page left")
    assert (details["seconds_sent"], details["seconds_acknowledged"]) == (0.6, 0.4)
    assert details["seconds_rewound"] == 0


async def test_nobody_listens_while_the_ledger_takes_no_entry_and_calls_are_received(
    server: Server, alice: User
) -> None:
    opened = await open_tap()
    connect = server.listen(opened.tap.pk, alice)
    async with no_entries(), server.tap(opened.uri) as sender:
        async with connect as page:
            assert await closing(page) == (1013, "the ledger could not be written")
        for number in range(3):
            await sender.send(payload(number))
        assert len(await ring_of(opened.tap, 3 * 320)) == 3 * 320
    assert not await ListenSession.objects.aexists()


async def test_listening_goes_on_once_the_ledger_takes_entries_again(
    server: Server, alice: User
) -> None:
    opened = await open_tap()
    connect = server.listen(opened.tap.pk, alice)
    async with no_entries(), connect as page:
        await closing(page)
    async with server.listen(opened.tap.pk, alice) as page:
        assert (await json_message(page))["type"] == "hello"
    await ledger_entry(LedgerKind.LISTEN_ENDED)
