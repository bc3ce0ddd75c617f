"""RTP taps are tested end to end: real datagrams go to a real ``manage.py rtptaps``."""

from __future__ import annotations

import array
import asyncio
import cmath
import math
import os
import random
import shutil
import sys

import pytest
from django.contrib.auth.models import User

from monitor.audio import g711
from monitor.services.taps import OpenedTap
from monitor.wire import frame
from tests.support.rtp_talk import PTIME, SAMPLES, Sender, end, gaps_of, has, open_rtp
from tests.support.servers import RtpTaps, Server
from tests.support.talk import Ear, payload
from tests.support.taps import assert_ring, closed_row, frames_of, packet_figures, row
from tests.support.waiting import eventually

FFMPEG = shutil.which("ffmpeg")
TONE = int(os.environ.get("RTP_TONE_SECONDS", "20"))


@pytest.mark.parametrize(("codec", "payload_type"), [("PCMU", 0), ("PCMA", 8)])
async def test_audio_that_is_sent_is_in_the_ring(
    rtp_taps: RtpTaps, codec: g711.Codec, payload_type: int
) -> None:
    opened = await open_rtp(codec=codec)
    with Sender(opened.uri) as sender:
        sent = await sender.speak([payload(number) for number in range(30)], payload_type)
    await assert_ring(opened.tap, g711.decode(codec, sent))
    assert (await row(opened.tap)).state == "tapping"


async def test_a_listener_hears_an_rtp_tap(server: Server, rtp_taps: RtpTaps, alice: User) -> None:
    opened = await open_rtp()
    with Sender(opened.uri) as sender:
        await sender.speak([payload(0)] * 3)
        async with server.listen(opened.tap.pk, alice) as connection:
            ear = Ear(connection)
            taking = asyncio.create_task(ear.take(2400))
            await sender.speak([payload(number) for number in range(60)])
            heard = await taking
    assert not any(frame.unpack_header(one).flags for one in ear.frames)
    expected = g711.decode("PCMU", b"".join(payload(number) for number in range(60)))
    assert heard[:640] in g711.decode("PCMU", payload(0)) * 9 + expected


async def test_a_lost_packet_is_concealed_flagged_and_counted(rtp_taps: RtpTaps) -> None:
    opened = await open_rtp()
    parts = [payload(number) for number in range(40)]
    with Sender(opened.uri) as sender:
        await sender.speak(parts[:20])
        sender.number += 1
        await sender.speak(parts[21:])
        await eventually(lambda: has(opened.tap, 36 * SAMPLES))
    frames = await frames_of(opened.tap)
    assert any(frame.unpack_header(one).flags & frame.Flag.CONCEALED for one in frames)
    heard = b"".join(frame.samples(one) for one in frames)
    assert heard[: 20 * 320] == g711.decode("PCMU", b"".join(parts[:20]))
    after = heard[21 * 320 :]  # the loss cost its own time and no more
    assert g711.decode("PCMU", b"".join(parts[21:])).startswith(after)
    await end(opened.tap)
    assert packet_figures(await closed_row(opened.tap))["lost"] == 1


async def test_packets_that_change_places_lose_nothing(rtp_taps: RtpTaps) -> None:
    opened = await open_rtp()
    chance = random.Random(7)
    parts = [payload(number) for number in range(60)]
    with Sender(opened.uri) as sender:
        await sender.speak(parts[:10])
        datagrams = [sender.packet(part) for part in parts[10:]]
        for first in range(0, len(datagrams), 2):
            pair = datagrams[first : first + 2]
            chance.shuffle(pair)
            for datagram in pair:
                sender.send(datagram)
            await asyncio.sleep(2 * PTIME)
        await assert_ring(opened.tap, g711.decode("PCMU", b"".join(parts)))


async def test_a_new_ssrc_from_the_same_address_continues_after_a_gap(rtp_taps: RtpTaps) -> None:
    opened = await open_rtp()
    with Sender(opened.uri) as sender:
        await sender.speak([payload(number) for number in range(15)])
        await asyncio.sleep(0.6)
        sender.ssrc, sender.number = 99, 5000
        await sender.speak([payload(number) for number in range(15, 30)])
        await eventually(lambda: gaps_of(opened.tap))
    [gap] = await gaps_of(opened.tap)
    assert frame.samples(gap)[:320] == g711.decode("PCMU", payload(15))


@pytest.mark.skipif(FFMPEG is None, reason="no ffmpeg here")
async def test_tones_of_ffmpeg_are_heard_without_a_gap(
    server: Server, rtp_taps: RtpTaps, alice: User
) -> None:
    """Both codecs are sent at once, in packets as long as a telephone's and as ffmpeg's."""
    senders = [
        (codec, size, await open_rtp(f"{codec}-{size}", codec=codec))
        for codec in ("PCMU", "PCMA")
        for size in (160, 1024)
    ]
    await asyncio.gather(*(hear_a_tone(server, alice, *sender) for sender in senders))


async def hear_a_tone(
    server: Server, user: User, codec: str, frame_size: int, opened: OpenedTap
) -> None:
    assert FFMPEG
    async with server.listen(opened.tap.pk, user) as connection:
        ear = Ear(connection)
        sine = f"sine=frequency=440:sample_rate=8000:samples_per_frame={frame_size}"
        encoder = {"PCMU": "pcm_mulaw", "PCMA": "pcm_alaw"}[codec]
        sending = await asyncio.create_subprocess_exec(
            FFMPEG,
            "-v",
            "error",
            "-re",
            "-f",
            "lavfi",
            "-i",
            f"{sine}:duration={TONE}",
            "-ar",
            "8000",
            "-ac",
            "1",
            "-c:a",
            encoder,
            "-f",
            "rtp",
            opened.uri,
            stdout=asyncio.subprocess.DEVNULL,
        )
        heard = await ear.take((TONE - 1) * 8000)
        assert await sending.wait() == 0
    assert not any(frame.unpack_header(one).flags for one in ear.frames)
    pcm = heard[: (TONE - 1) * 16_000]
    assert await asyncio.to_thread(purity, pcm, 440) > 0.99
    assert await asyncio.to_thread(purity, pcm, 460) < 0.01
    await end(opened.tap)
    figures = packet_figures(await closed_row(opened.tap))
    sys.stdout.write(f"{codec} {frame_size}: {figures}\n")
    assert figures["lost"] == figures["restarts"] == figures["late"] == 0
    assert figures["received"] == figures["played"]


def purity(pcm: bytes, hertz: float) -> float:
    """Return the share of the power of s16le audio that lies at one frequency."""
    samples = array.array("h", pcm)
    turn = 2 * math.pi * hertz / g711.SAMPLE_RATE
    found = sum(sample * cmath.exp(-1j * turn * n) for n, sample in enumerate(samples))
    return 2 * abs(found) ** 2 / len(samples) / sum(sample**2 for sample in samples)
