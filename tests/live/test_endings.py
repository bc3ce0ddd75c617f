"""The end of a tap whose sender goes on, as if it had not heard of it."""

from __future__ import annotations

from channels.db import database_sync_to_async
from django.contrib.auth.models import User

from monitor import taps
from tests.live.talk import closing, eventually, hearing, more, open_tap, speaking
from tests.live.test_ingest import closed_row, reasons
from tests.servers import Server

OVER = (1000, "the tap is over")


async def finish(opened: taps.OpenedTap) -> None:
    """Have SignalWire say that the tap has finished."""
    report = taps.StatusReport("finished", opened.tap.control_id, "", None, {}, "digest")
    await database_sync_to_async(taps.record_status)(opened.tap.pk, report)


async def test_what_is_still_sent_after_the_end_is_not_heard(server: Server, alice: User) -> None:
    opened = await open_tap()
    async with speaking(server, opened) as [sender], hearing(server, alice, opened) as [ear]:
        await more([ear], 5)
        await finish(opened)

        async def ended() -> bool:
            return bool(ear.texts) and ear.texts[-1] == {"type": "end", "reason": "finished"}

        await eventually(ended)
        assert await closing(sender) == OVER
    assert (await reasons(await closed_row(opened.tap)))[-1] == f"media closed: {OVER[1]}"
