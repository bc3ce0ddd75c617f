"""A tap ends although its sender goes on sending."""

from __future__ import annotations

from http import HTTPStatus

from channels.db import database_sync_to_async
from django.contrib.auth.models import Group, User

from monitor.bus.keys import audio_key
from monitor.bus.redis import new_async_client
from monitor.services import tap_status, taps
from monitor.wire.status_report import StatusReport
from tests.support.servers import Server
from tests.support.talk import Ear, closing, hearing, more, open_tap, refusal, speaking
from tests.support.taps import closed_row, reasons
from tests.support.waiting import eventually

OVER = (1000, "the tap is over")


async def finish(opened: taps.OpenedTap) -> None:
    """Have SignalWire say that the tap has finished."""
    report = StatusReport("finished", opened.tap.control_id, "", None, {}, "digest")
    await database_sync_to_async(tap_status.record_status)(opened.tap.pk, report)


async def is_deleted(opened: taps.OpenedTap) -> bool:
    """Tell whether Redis holds nothing of the tap."""
    client = new_async_client()
    try:
        return not await client.exists(audio_key(opened.tap.pk))
    finally:
        await client.aclose()


async def test_a_stop_holds_even_if_the_carrier_does_nothing(server: Server, alice: User) -> None:
    opened = await open_tap()
    async with speaking(server, opened) as [sender], hearing(server, alice, opened) as [ear]:
        await more([ear], 5)
        await database_sync_to_async(taps.stop_taps)("call-1")
        async with server.listen(opened.tap.pk, alice) as late:
            assert await closing(late) == (4404, "monitoring of this call was stopped")

        async def ended() -> bool:
            end = {"type": "end", "reason": "monitoring was stopped"}
            return bool(ear.texts) and ear.texts[-1] == end

        await eventually(ended)
        assert await closing(sender) == OVER
    await eventually(lambda: is_deleted(opened))
    tap = await closed_row(opened.tap)
    assert (tap.state, tap.end_reason) == ("finished", "monitoring was stopped")
    assert await refusal(server.tap(opened.uri)) == HTTPStatus.FORBIDDEN


async def test_the_last_audio_reaches_only_those_who_were_listening(
    server: Server, alice: User, bob: User
) -> None:
    await bob.groups.aadd(await Group.objects.aget(name="Supervisors"))
    opened = await open_tap()
    async with speaking(server, opened), hearing(server, alice, opened) as [ear]:
        await more([ear], 5)
        await finish(opened)
    await closed_row(opened.tap)
    async with server.listen(opened.tap.pk, bob) as late:
        assert await closing(late) == (4404, "this call has ended")
    async with server.listen(opened.tap.pk, alice) as again:
        await again.send('{"type":"backfill","seconds":30}')
        assert await Ear(again).take(480)


async def test_audio_sent_after_the_end_is_not_heard(server: Server, alice: User) -> None:
    opened = await open_tap()
    async with speaking(server, opened) as [sender], hearing(server, alice, opened) as [ear]:
        await more([ear], 5)
        await finish(opened)

        async def ended() -> bool:
            return bool(ear.texts) and ear.texts[-1] == {"type": "end", "reason": "finished"}

        await eventually(ended)
        assert await closing(sender) == OVER
    assert (await reasons(await closed_row(opened.tap)))[-1] == f"media closed: {OVER[1]}"
