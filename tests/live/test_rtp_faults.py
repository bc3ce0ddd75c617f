"""What goes wrong around an RTP tap: processes that die, strangers, noise, stalls."""

from __future__ import annotations

import asyncio
from typing import Any

from django.utils import timezone

from monitor import leases
from monitor.audio import g711
from monitor.models import RtpLease, Tap
from tests.live.rtp_talk import (
    PTIME,
    RTCP,
    SAMPLES,
    Sender,
    bound,
    counted,
    end,
    gaps_of,
    has,
    open_rtp,
    row,
)
from tests.live.talk import eventually, payload
from tests.live.test_ingest import assert_ring, reasons
from tests.servers import RtpTaps


async def test_a_stranger_is_counted_and_not_heard(receiving: RtpTaps) -> None:
    opened = await open_rtp()
    with Sender(opened.uri) as sender, Sender(opened.uri, ssrc=2) as stranger:
        sent = b""
        for number in range(30):
            sent += await sender.speak([payload(number)])
            stranger.send(stranger.packet(b"\x00" * SAMPLES))
    await assert_ring(opened.tap, g711.decode("PCMU", sent))
    assert (await counted(opened.tap, "strangers")).rtp["strangers"] == 30


async def test_noise_on_the_port_is_counted_and_costs_nothing(receiving: RtpTaps) -> None:
    opened = await open_rtp()
    with Sender(opened.uri) as sender:
        for _ in range(50):
            sender.send(b"\x80" * 11)
        sent = await sender.speak([payload(number) for number in range(30)])
        sender.send(RTCP)
    await assert_ring(opened.tap, g711.decode("PCMU", sent))
    assert (await counted(opened.tap, "malformed")).rtp["malformed"] == 50
    assert "Traceback" not in receiving.said()


async def test_a_port_is_nobody_elses_while_somebody_still_sends_there(receiving: RtpTaps) -> None:
    old = await open_rtp()
    with Sender(old.uri) as sender:
        await sender.speak([b"\x00" * SAMPLES] * 15)
        await end(old.tap)
        sender_goes_on = RtpLease.objects.filter(tap=old.tap, heard_at__isnull=False)
        while not await sender_goes_on.aexists():
            await sender.speak([b"\x00" * SAMPLES])
        long_ago = timezone.now() - 2 * leases.COOL_OFF
        await Tap.objects.filter(pk=old.tap.pk).aupdate(ended_at=long_ago)
        new = await open_rtp("call-2")
        assert new.uri != old.uri
        with Sender(new.uri) as other:
            await sender.speak([b"\x00" * SAMPLES] * 5)
            sent = await other.speak([payload(number) for number in range(30)])
    await assert_ring(new.tap, g711.decode("PCMU", sent))


async def test_a_killed_process_is_back_with_the_same_ports_behind_a_gap(
    transactional_db: Any, settings: Any
) -> None:
    settings.RTP_PUBLIC_IP = "127.0.0.2"  # no other process is to take over
    with RtpTaps(RTP_PUBLIC_IP="127.0.0.2", RTP_HOST="127.0.0.2") as process:
        opened = [await open_rtp(f"call-{number}") for number in range(10)]
        senders = [Sender(one.uri) for one in opened]

        async def speak(seconds: float) -> None:
            parts = [payload(number) for number in range(int(seconds / PTIME))]
            await asyncio.gather(*(sender.speak(parts) for sender in senders))

        await speak(0.6)
        for one in opened:
            await eventually(lambda one=one: has(one.tap, 20 * SAMPLES))
        speaking = asyncio.create_task(speak(6.0))
        process.process.kill()
        await asyncio.to_thread(process.process.wait)
        await asyncio.to_thread(process.start)
        for one in opened:
            assert await eventually(lambda one=one: gaps_of(one.tap), within=2.0)
        speaking.cancel()
        for sender in senders:
            sender.socket.close()
        uris = [f"rtp://{lease}" async for lease in RtpLease.objects.order_by("pk")]
        assert uris == [one.uri for one in opened]


async def test_a_finished_tap_gives_its_media_up(receiving: RtpTaps) -> None:
    opened = await open_rtp()
    with Sender(opened.uri) as sender:
        await sender.speak([payload(number) for number in range(20)])
        await end(opened.tap)
        while not (closed := await row(opened.tap)).media_closed_at:
            await sender.speak([payload(1)])
        await sender.speak([payload(1)] * 20)
    assert (await row(opened.tap)).frames == closed.frames
    assert closed.rtp["received"] == closed.frames
    assert "media closed: closed 1000: the tap is over" in await reasons(closed)


async def test_two_processes_share_the_ports_and_one_takes_over_from_the_other(
    receiving: RtpTaps,
) -> None:
    with RtpTaps():
        opened = [await open_rtp(f"call-{number}") for number in range(4)]
        for one in opened:
            with Sender(one.uri) as sender:
                sent = await sender.speak([payload(number) for number in range(30)])
            await assert_ring(one.tap, g711.decode("PCMU", sent))
    for one in opened:
        await bound(one.uri)
