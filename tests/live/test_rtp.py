"""RTP taps, end to end: real datagrams to a real ``manage.py rtptaps``."""

from __future__ import annotations

import array
import asyncio
import cmath
import contextlib
import math
import random
import shutil
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from monitor import leases, taps
from monitor.audio import frame, g711
from monitor.audio.rtp import RtpPacket
from monitor.models import RtpLease, Tap
from tests.live.talk import Ear, eventually, open_tap, payload
from tests.live.test_ingest import assert_ring, frames_of, reasons
from tests.servers import RtpTaps, Server

FFMPEG = shutil.which("ffmpeg")
PTIME = 0.02  # seconds
SAMPLES = 160  # of a packet
MASK = 0xFFFFFFFF
RTCP = b"\x81\xc9" + b"\x00" * 30  # a receiver report: nothing comes of it


@pytest.fixture(scope="module")
def _receiving(django_db_setup: Any, static_files: None) -> Iterator[RtpTaps]:
    with RtpTaps() as started:
        yield started


@pytest.fixture
def receiving(_receiving: RtpTaps, transactional_db: Any) -> RtpTaps:
    """``manage.py rtptaps``."""
    return _receiving


class Sender:
    """An RTP sender on a socket of its own, in real time."""

    def __init__(self, uri: str, *, ssrc: int = 1, first: int = 0) -> None:
        parts = urlsplit(uri)
        assert parts.scheme == "rtp"
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((parts.hostname, parts.port))
        self.ssrc, self.number = ssrc, first

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *why: object) -> None:
        self.socket.close()

    def packet(self, audio: bytes, payload_type: int = 0) -> bytes:
        """The next packet as a datagram."""
        made = RtpPacket(
            payload_type, self.number & 0xFFFF, self.number * SAMPLES & MASK, self.ssrc, audio
        )
        self.number += 1
        return made.serialize()

    def send(self, datagram: bytes) -> None:
        with contextlib.suppress(ConnectionRefusedError):  # of the datagram before, says UDP
            self.socket.send(datagram)

    async def speak(self, parts: list[bytes], payload_type: int = 0) -> bytes:
        """Send packets 20 ms apart; returns the audio."""
        for part in parts:
            self.send(self.packet(part, payload_type))
            await asyncio.sleep(PTIME)
        return b"".join(parts)


async def bound(uri: str) -> None:
    """Wait until somebody receives at a uri: until then a datagram is refused."""

    async def look() -> bool:
        with Sender(uri) as probe:
            try:
                probe.socket.send(RTCP)
                await asyncio.sleep(0.02)
                probe.socket.send(RTCP)
            except ConnectionRefusedError:
                return False
            return True

    await eventually(look)


async def open_rtp(call_id: str = "call-1", **options: Any) -> taps.OpenedTap:
    opened = await open_tap(call_id, transport="rtp", **options)
    await bound(opened.uri)
    return opened


async def row(tap: Tap) -> Tap:
    return await Tap.objects.select_related("call").aget(pk=tap.pk)


async def end(tap: Tap) -> None:
    await Tap.objects.filter(pk=tap.pk).aupdate(state="finished", ended_at=timezone.now())


async def counted(tap: Tap, name: str) -> Tap:
    """The row, once the packets of a kind are in it: they are written down each 10 s."""

    async def look() -> Tap | None:
        found = await row(tap)
        return found if found.rtp and found.rtp[name] else None

    found: Tap = await eventually(look, within=15)
    return found


@pytest.mark.parametrize(("codec", "payload_type"), [("PCMU", 0), ("PCMA", 8)])
async def test_what_is_sent_is_in_the_ring(
    receiving: RtpTaps, codec: g711.Codec, payload_type: int
) -> None:
    opened = await open_rtp(codec=codec)
    with Sender(opened.uri) as sender:
        sent = await sender.speak([payload(number) for number in range(30)], payload_type)
    await assert_ring(opened.tap, g711.decode(codec, sent))
    assert (await row(opened.tap)).state == "tapping"


async def test_a_listener_hears_it(server: Server, receiving: RtpTaps, alice: User) -> None:
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


async def test_a_lost_packet_is_concealed_flagged_and_counted(receiving: RtpTaps) -> None:
    opened = await open_rtp()
    parts = [payload(number) for number in range(40)]
    with Sender(opened.uri) as sender:
        await sender.speak(parts[:20])
        sender.number += 1
        await sender.speak(parts[21:])
        await eventually(lambda: _has(opened.tap, 36 * SAMPLES))
    frames = await frames_of(opened.tap)
    assert any(frame.unpack_header(one).flags & frame.Flag.CONCEALED for one in frames)
    heard = b"".join(frame.samples(one) for one in frames)
    assert heard[: 20 * 320] == g711.decode("PCMU", b"".join(parts[:20]))
    after = heard[21 * 320 :]  # the loss cost its own time and no more
    assert g711.decode("PCMU", b"".join(parts[21:])).startswith(after)
    assert (await counted(opened.tap, "lost")).rtp["lost"] == 1


async def _has(tap: Tap, samples: int) -> bool:
    return sum(frame.sample_count(one) for one in await frames_of(tap)) >= samples


async def test_packets_that_change_places_lose_nothing(receiving: RtpTaps) -> None:
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


async def test_a_new_ssrc_from_the_same_address_goes_on_behind_a_gap(receiving: RtpTaps) -> None:
    opened = await open_rtp()
    with Sender(opened.uri) as sender:
        await sender.speak([payload(number) for number in range(15)])
        await asyncio.sleep(0.6)
        sender.ssrc, sender.number = 99, 5000
        await sender.speak([payload(number) for number in range(15, 30)])
        await eventually(lambda: _gaps(opened.tap))
    [gap] = await _gaps(opened.tap)
    assert frame.samples(gap)[:320] == g711.decode("PCMU", payload(15))


async def _gaps(tap: Tap) -> list[bytes]:
    frames = await frames_of(tap)
    return [one for one in frames if frame.unpack_header(one).flags & frame.Flag.GAP]


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
            await eventually(lambda one=one: _has(one.tap, 20 * SAMPLES))
        speaking = asyncio.create_task(speak(6.0))
        process.process.kill()
        await asyncio.to_thread(process.process.wait)
        await asyncio.to_thread(process.start)
        for one in opened:
            assert await eventually(lambda one=one: _gaps(one.tap), within=2.0)
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


@pytest.mark.parametrize("codec", ["pcm_mulaw", "pcm_alaw"])
@pytest.mark.parametrize("frame_size", [160, 1024])
@pytest.mark.skipif(FFMPEG is None, reason="no ffmpeg here")
async def test_a_tone_of_ffmpeg_is_heard_without_a_gap(
    server: Server, receiving: RtpTaps, alice: User, codec: str, frame_size: int
) -> None:
    assert FFMPEG
    opened = await open_rtp(codec="PCMA" if codec == "pcm_alaw" else "PCMU")
    async with server.listen(opened.tap.pk, alice) as connection:
        ear = Ear(connection)
        sine = f"sine=frequency=440:sample_rate=8000:samples_per_frame={frame_size}:duration=4"
        sending = await asyncio.create_subprocess_exec(
            *(FFMPEG, "-v", "error", "-re", "-f", "lavfi", "-i", sine),
            *("-ar", "8000", "-ac", "1", "-c:a", codec, "-f", "rtp", opened.uri),
            stdout=asyncio.subprocess.DEVNULL,
        )
        heard = await ear.take(24_000)
        assert await sending.wait() == 0
    assert not any(frame.unpack_header(one).flags for one in ear.frames)
    assert purity(heard[:48_000], 440) > 0.99
    assert purity(heard[:48_000], 460) < 0.01


def purity(pcm: bytes, hertz: float) -> float:
    """The part of the power that lies at one frequency, of s16le."""
    samples = array.array("h", pcm)
    turn = 2 * math.pi * hertz / g711.SAMPLE_RATE
    found = sum(sample * cmath.exp(-1j * turn * n) for n, sample in enumerate(samples))
    return 2 * abs(found) ** 2 / len(samples) / sum(sample**2 for sample in samples)


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


@pytest.mark.django_db
class TestLeases:
    def open(self, call_id: str) -> Tap:
        return taps.open_tap(call_id, transport="rtp").tap

    def test_ports_are_even_and_never_twice(self) -> None:
        ports = [self.open(f"call-{number}").rtp_lease.port for number in range(50)]
        assert len(set(ports)) == 50
        assert not any(port % 2 for port in ports)

    def test_when_all_are_taken_it_is_said_and_no_tap_is_left(self) -> None:
        for number in range(50):
            self.open(f"call-{number}")
        with pytest.raises(leases.NoPort, match="all 50 ports of RTP_PORTS are in use"):
            self.open("one more")
        assert Tap.objects.count() == 50

    def test_a_port_is_given_back_a_minute_after_the_end(self) -> None:
        tap, other = self.open("call-1"), self.open("call-2")
        Tap.objects.filter(pk=tap.pk).update(state="finished")
        leases.heard([tap.pk])
        now = timezone.now()
        assert leases.give_back(now + leases.COOL_OFF / 2) == 0
        assert leases.give_back(now + leases.COOL_OFF) == 1
        assert [one.tap_id for one in leases.held("127.0.0.1")] == [other.pk]

    def test_a_port_where_packets_still_come_is_not_given_back(self) -> None:
        tap = self.open("call-1")
        now = timezone.now()
        Tap.objects.filter(pk=tap.pk).update(state="lost", ended_at=now - 9 * leases.COOL_OFF)
        leases.heard([tap.pk])
        assert leases.give_back() == 0

    def test_an_unknown_transport_is_refused(self) -> None:
        with pytest.raises(ValueError, match="transport 'sip' is not one of ws, rtp"):
            taps.open_tap("call-1", transport="sip")
