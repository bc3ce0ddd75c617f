"""RTP taps survive processes that die, strangers, noise and stalls."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.utils import timezone

from monitor.audio import g711
from monitor.bus.keys import EVENTS
from monitor.bus.redis import new_async_client
from monitor.models import RtpLease, Tap
from monitor.services import media, rtp_ports
from monitor.wire import frame
from tests.support.rtp_talk import (
    RTCP,
    SAMPLES,
    Sender,
    bound,
    counted,
    end,
    gaps_of,
    has,
    open_rtp,
)
from tests.support.servers import RtpTaps
from tests.support.talk import open_tap, payload
from tests.support.taps import (
    assert_ring,
    closed_row,
    frames_of,
    packet_figures,
    reasons,
    ring_of,
    row,
)
from tests.support.valkey import json_of, parse_entries
from tests.support.waiting import PATIENCE, eventually


@contextlib.asynccontextmanager
async def all_speak(uris: Sequence[str]) -> AsyncIterator[None]:
    """Send to each of them until cancelled."""
    senders = [Sender(uri) for uri in uris]
    speaking = [
        asyncio.create_task(sender.speak([payload(number) for number in range(3000)]))
        for sender in senders
    ]
    try:
        yield
    finally:
        for task in speaking:
            task.cancel()
        await asyncio.wait(speaking)
        for sender in senders:
            sender.socket.close()


async def test_a_stranger_is_counted_and_not_heard(rtp_taps: RtpTaps) -> None:
    opened = await open_rtp()
    with Sender(opened.uri) as sender, Sender(opened.uri, ssrc=2) as stranger:
        sent = b""
        for number in range(30):
            sent += await sender.speak([payload(number)])
            stranger.send(stranger.packet(b"\x00" * SAMPLES))
    await assert_ring(opened.tap, g711.decode("PCMU", sent))
    await end(opened.tap)
    assert packet_figures(await closed_row(opened.tap))["strangers"] == 30


async def test_a_call_is_heard_although_a_stranger_sent_to_its_port_first(
    rtp_taps: RtpTaps,
) -> None:
    opened = await open_rtp()
    with Sender(opened.uri) as sender, Sender(opened.uri, ssrc=2) as stranger:
        for _ in range(3):
            stranger.send(stranger.packet(b"\x00" * SAMPLES))
            await asyncio.sleep(0.3)
        sent = g711.decode("PCMU", await sender.speak([payload(number) for number in range(70)]))
        await eventually(lambda: gaps_of(opened.tap))
        heard = b"".join(map(frame.samples, await frames_of(opened.tap)))
        here, there = (f"127.0.0.1:{one.socket.getsockname()[1]}" for one in (sender, stranger))
    assert sent[50 * 2 * SAMPLES : 60 * 2 * SAMPLES] in heard
    note = f"media comes from {here} now: {there} did not send in real time"
    assert note in await reasons(opened.tap)


async def test_noise_on_the_port_is_counted_and_costs_nothing(rtp_taps: RtpTaps) -> None:
    opened = await open_rtp()
    with Sender(opened.uri) as sender:
        for _ in range(50):
            sender.send(b"\x80" * 11)
        sent = await sender.speak([payload(number) for number in range(30)])
        sender.send(RTCP)
    await assert_ring(opened.tap, g711.decode("PCMU", sent))
    await end(opened.tap)
    assert packet_figures(await closed_row(opened.tap))["malformed"] == 50
    assert "Traceback" not in rtp_taps.said()


@pytest.mark.parametrize("mark", [b"\0", b"\5"], ids=["with a packet", "in a pause"])
async def test_a_failed_tap_is_logged_once_heard_again_and_disturbs_no_other(
    transactional_db: Any, settings: Any, mark: bytes
) -> None:
    settings.RTP_PUBLIC_IP = "127.0.0.6"
    here = {"RTP_PUBLIC_IP": "127.0.0.6", "RTP_HOST": "127.0.0.6"}
    with RtpTaps("-m", "tests.support.failing_rtptaps", **here) as failing:
        opened, other = await open_rtp("call-1"), await open_rtp("call-2")
        with Sender(opened.uri) as sender, Sender(other.uri) as others:
            other_says = asyncio.create_task(others.speak([payload(n) for n in range(100)]))
            await sender.speak([payload(n) for n in range(10)])
            sender.send(sender.packet(mark * SAMPLES))

            async def given_up() -> bool:
                return "media closed: an error on our side" in await reasons(opened.tap)

            async def heard_again() -> bool:
                await sender.speak([payload(1)])
                return bool(await gaps_of(opened.tap))

            await eventually(given_up)
            await eventually(heard_again)
            said = g711.decode("PCMU", await other_says)
        assert (await ring_of(other.tap, len(said))).startswith(said)
    assert failing.said().count("Traceback") == 1


async def test_a_port_is_not_leased_while_its_sender_still_sends(rtp_taps: RtpTaps) -> None:
    old = await open_rtp()
    with Sender(old.uri) as sender:
        await sender.speak([b"\x00" * SAMPLES] * 15)
        await end(old.tap)
        sender_goes_on = RtpLease.objects.filter(tap=old.tap, renewed_at__isnull=False)
        while not await sender_goes_on.aexists():
            await sender.speak([b"\x00" * SAMPLES])
        long_ago = timezone.now() - 2 * rtp_ports.COOL_OFF
        await Tap.objects.filter(pk=old.tap.pk).aupdate(ended_at=long_ago)
        new = await open_rtp("call-2")
        assert new.uri != old.uri
        with Sender(new.uri) as other:
            await sender.speak([b"\x00" * SAMPLES] * 5)
            sent = await other.speak([payload(number) for number in range(30)])
    await assert_ring(new.tap, g711.decode("PCMU", sent))


async def test_fifty_taps_of_a_killed_process_are_back_when_it_is_started_again(
    transactional_db: Any, settings: Any
) -> None:
    settings.RTP_PUBLIC_IP = "127.0.0.2"  # no other process is to take over
    async with contextlib.AsyncExitStack() as speaking:
        here = {"RTP_PUBLIC_IP": "127.0.0.2", "RTP_HOST": "127.0.0.2"}
        process = speaking.enter_context(RtpTaps("-m", "tests.support.short_rtptaps", **here))
        opened = [await open_tap(f"call-{number}", transport="rtp") for number in range(50)]
        await asyncio.gather(*(bound(one.uri) for one in opened))
        await speaking.enter_async_context(all_speak([one.uri for one in opened]))
        before = await asyncio.gather(*(counted(one.tap, "received") for one in opened))

        process.process.kill()
        await asyncio.to_thread(process.process.wait)
        began = time.monotonic()
        await asyncio.to_thread(process.start)
        ready = time.monotonic()
        waiting = {one.tap.pk: one.tap for one in opened}
        async with asyncio.timeout(PATIENCE):
            while waiting:
                for tap in tuple(waiting.values()):
                    if await gaps_of(tap):
                        del waiting[tap.pk]
                await asyncio.sleep(0.02)
        back = time.monotonic()
        sys.stdout.write(f"ready after {ready - began:.2f} s, 50 back {back - ready:.2f} s later\n")

        async def goes_on(was: Tap) -> bool:
            now = await row(was)
            received = packet_figures(now)["received"]
            return now.frames > was.frames and received > packet_figures(was)["received"]

        await asyncio.gather(*(eventually(partial(goes_on, t), within=15) for t in before))
        uris = [f"rtp://{lease}" async for lease in RtpLease.objects.order_by("pk")]
        assert uris == [one.uri for one in opened]


async def test_a_finished_tap_gives_up_its_media(rtp_taps: RtpTaps) -> None:
    opened = await open_rtp()
    with Sender(opened.uri) as sender:
        await sender.speak([payload(number) for number in range(20)])
        await end(opened.tap)
        while not (closed := await row(opened.tap)).media_closed_at:
            await sender.speak([payload(1)])
        await sender.speak([payload(1)] * 20)
    assert (await row(opened.tap)).frames == closed.frames
    assert packet_figures(closed)["received"] == closed.frames
    assert "media closed: the tap is over" in await reasons(closed)


async def test_the_survivor_of_two_processes_receives_the_others_taps(
    transactional_db: Any, settings: Any
) -> None:
    settings.RTP_PUBLIC_IP = "127.0.0.4"
    here = {"RTP_PUBLIC_IP": "127.0.0.4", "RTP_HOST": "127.0.0.4"}
    async with contextlib.AsyncExitStack() as stack:
        first = stack.enter_context(RtpTaps(**here))
        opened = [await open_rtp(f"call-{number}") for number in range(8)]
        survivor = stack.enter_context(RtpTaps(**here))

        async def all_are_the_firsts() -> bool:
            return survivor.said().count("is not received here") == len(opened)

        await eventually(all_are_the_firsts)
        await stack.enter_async_context(all_speak([one.uri for one in opened]))
        await asyncio.gather(*(eventually(partial(has, o.tap, 1600)) for o in opened))
        first.process.kill()
        await asyncio.to_thread(first.process.wait)

        async def grows(tap: Tap) -> bool:
            gaps = await gaps_of(tap)
            if not gaps:
                return False
            frames = await frames_of(tap)
            behind = frames[frames.index(gaps[0]) :]
            return sum(frame.sample_count(one) for one in behind) >= 8000

        await asyncio.gather(*(eventually(partial(grows, o.tap)) for o in opened))


async def test_the_only_port_serves_the_next_tap_after_the_cool_off_without_old_audio(
    transactional_db: Any, settings: Any
) -> None:
    port = settings.RTP_PORTS[0]
    settings.RTP_PUBLIC_IP = "127.0.0.3"
    settings.RTP_PORTS = range(port, port + 1, 2)
    here = {"RTP_PUBLIC_IP": "127.0.0.3", "RTP_HOST": "127.0.0.3", "RTP_PORTS": f"{port}-{port}"}
    with RtpTaps("-m", "tests.support.short_rtptaps", **here):  # ports cool off for 2 s there
        old = await open_rtp()
        with Sender(old.uri, ssrc=1) as late:
            await late.speak([payload(0)] * 15)
            await end(old.tap)
            await late.speak([payload(0)] * 200)  # 4 s
            with pytest.raises(rtp_ports.NoPort):
                await open_tap("call-2", transport="rtp")

            async def given_back() -> bool:
                return not await RtpLease.objects.filter(tap=old.tap).aexists()

            await eventually(given_back)
            new = await open_tap("call-2", transport="rtp")
            assert new.uri == old.uri
            with Sender(new.uri, ssrc=2) as sender:
                sent = b""
                while not (await row(new.tap)).media_connection:  # the first sender has the tap
                    sent += await sender.speak([payload(0)])
                for number in range(30):
                    sent += await sender.speak([payload(number)])
                    late.send(late.packet(b"\x00" * SAMPLES))
        await eventually(lambda: has(new.tap, 30 * SAMPLES))
        heard = b"".join(map(frame.samples, await frames_of(new.tap)))
    assert heard in g711.decode("PCMU", sent)  # what was said before the port was bound is lost


async def test_a_silent_tap_outlives_the_process_that_received_it(
    transactional_db: Any, settings: Any
) -> None:
    settings.RTP_PUBLIC_IP = "127.0.0.7"
    with RtpTaps(RTP_PUBLIC_IP="127.0.0.7", RTP_HOST="127.0.0.7") as process:
        opened = await open_rtp()
        with Sender(opened.uri) as sender:
            await sender.speak([payload(number) for number in range(30)])
            process.process.terminate()
            await asyncio.to_thread(process.process.wait)
            assert (await row(opened.tap)).media_closed_at
            await asyncio.to_thread(process.start)

            async def held() -> bool:
                return not (await row(opened.tap)).media_closed_at

            await eventually(held)
            await sender.speak([payload(number) for number in range(30)])
            await eventually(lambda: gaps_of(opened.tap))
    assert (await row(opened.tap)).state == "tapping"


async def test_two_processes_share_the_ports_and_take_over_from_each_other(
    rtp_taps: RtpTaps,
) -> None:
    with RtpTaps():
        opened = [await open_rtp(f"call-{number}") for number in range(4)]
        for one in opened:
            with Sender(one.uri) as sender:
                sent = await sender.speak([payload(number) for number in range(30)])
            await assert_ring(one.tap, g711.decode("PCMU", sent))
    for one in opened:
        await bound(one.uri)


async def stalls_of(tap: Tap) -> list[bool]:
    """Return what pages were told about a tap's audio."""
    client = new_async_client()
    try:
        entries = parse_entries(await client.xrange(EVENTS))
    finally:
        await client.aclose()
    mine = [one for one in json_of(entries) if one["type"] == "stall" and one["tap"] == str(tap.pk)]
    return [one["stalled"] for one in mine]


async def test_a_silent_sender_is_stalled_then_live_again_and_given_up_at_last(
    transactional_db: Any, settings: Any
) -> None:
    """It is heard again even if its tap is lost by then."""
    settings.RTP_PUBLIC_IP = "127.0.0.5"
    here = {"RTP_PUBLIC_IP": "127.0.0.5", "RTP_HOST": "127.0.0.5", "SILENT_FOR": "5"}
    with RtpTaps("-m", "tests.support.short_rtptaps", **here):
        opened = await open_rtp()

        async def told(*expected: bool) -> bool:
            return await stalls_of(opened.tap) == list(expected)

        with Sender(opened.uri) as sender:
            await sender.speak([payload(0)] * 15)
            await eventually(lambda: told(True))
            sender.number += 75  # its clock went on
            await sender.speak([payload(0)] * 15)
            await eventually(lambda: told(True, False))
            closed = await closed_row(opened.tap)
            assert closed.state == "tapping"
            assert packet_figures(closed)["received"] == 30
            assert "media closed: no audio for 5 s" in await reasons(closed)
            assert await told(True, False, True)
            later = timezone.now() + media.LOST_AFTER
            await database_sync_to_async(media.end_lost)(later)
            assert (await row(opened.tap)).state == "lost"
            await sender.speak([payload(0)] * 15)

            async def tapping() -> bool:
                return (await row(opened.tap)).state == "tapping"

            await eventually(tapping)
            await eventually(lambda: told(True, False, True, False))
