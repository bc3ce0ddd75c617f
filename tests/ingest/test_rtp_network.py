"""An RTP tap accounts for every sample when a network loses, copies, swaps and delays packets."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from functools import partial

import pytest

from monitor.audio import g711
from monitor.models import Tap
from monitor.wire import frame
from monitor.wire.frame import Flag
from tests.support.network import noise
from tests.support.rtp_talk import PTIME, SAMPLES, Sender, end, open_rtp
from tests.support.servers import RtpTaps
from tests.support.taps import closed_row, frames_of, packet_figures
from tests.support.waiting import eventually

PACKETS = 300  # 6 s
TAPS = 6


@dataclass
class Done:
    """What a network did to the packets of one sender."""

    audio: bytes = b""
    sent: list[int] = field(default_factory=list)  # numbers, in the order of their sending

    @property
    def lost(self) -> int:
        return PACKETS - len(set(self.sent))

    @property
    def duplicate(self) -> int:
        return len(self.sent) - len(set(self.sent))

    @property
    def reordered(self) -> int:
        """Count the packets, without copies, that were sent after a later one."""
        highest, found = -1, 0
        for place, number in enumerate(self.sent):
            found += number < highest and number not in self.sent[:place]
            highest = max(highest, number)
        return found


def schedule(chance: random.Random) -> list[tuple[float, int]]:
    """Return when each packet is sent; the first five and the last ten are sent on time."""
    planned: list[tuple[float, int]] = []
    for number in range(PACKETS):
        at = number * PTIME
        what = chance.random() if 5 <= number < PACKETS - 10 else 1.0
        if what < 0.03:
            continue
        if what < 0.06:
            at += 1.5 * PTIME  # changes places with the next
        elif what < 0.11:
            at += chance.uniform(0.0, 0.06)
        planned.append((at, number))
        if 0.11 <= what < 0.12:
            planned.append((at + 0.007, number))
    return sorted(planned)


async def send_badly(uri: str, seed: int, changed: int = -1) -> Done:
    """Send six seconds in real time; one packet may differ from the one that is accounted for."""
    done = Done(noise(seed * PACKETS * SAMPLES, PACKETS * SAMPLES))
    loop = asyncio.get_running_loop()
    with Sender(uri, ssrc=seed) as sender:
        began = loop.time()
        for at, number in schedule(random.Random(seed)):
            await asyncio.sleep(began + at - loop.time())
            part = done.audio[number * SAMPLES : (number + 1) * SAMPLES]
            sender.number = number
            sender.send(sender.packet(part[::-1] if number == changed else part))
            done.sent.append(number)
    return done


def check_ring(frames: list[bytes], done: Done) -> None:
    """All audio without a flag is at its place to the sample.

    After a gap the place is that of the next audio: a machine that sleeps for 0.4 s makes a
    buffer leap.
    """
    said = g711.decode("PCMU", done.audio)
    position, shift, leapt = 0, 0, False
    for one in frames:
        header = frame.unpack_header(one)
        assert header.position == position, "a hole in the ring"
        pcm = frame.samples(one)
        leapt |= bool(header.flags & Flag.GAP)
        if not header.flags & (Flag.CONCEALED | Flag.GAP):
            if leapt:
                shift, leapt = said.find(pcm) - 2 * position, False
            place = 2 * position + shift
            assert pcm == said[place : place + len(pcm)], f"other audio at {position}"
        position += frame.sample_count(one)
    assert position >= (PACKETS - 10) * SAMPLES


async def _whole(tap: Tap) -> bool:
    return sum(frame.sample_count(one) for one in await frames_of(tap)) >= PACKETS * SAMPLES


async def test_the_figures_and_the_audio_show_exactly_what_a_bad_network_did(
    rtp_taps: RtpTaps,
) -> None:
    opened = [await open_rtp(f"call-{number}") for number in range(TAPS)]
    everything = await asyncio.gather(
        *(send_badly(one.uri, seed) for seed, one in enumerate(opened, 1))
    )
    for one in opened:
        await eventually(partial(_whole, one.tap))
        await end(one.tap)
    for one, done in zip(opened, everything, strict=True):
        tap = await closed_row(one.tap)
        frames = await frames_of(tap)
        check_ring(frames, done)
        figures = packet_figures(tap)
        assert figures["received"] == len(done.sent)
        assert figures["duplicate"] == done.duplicate
        assert figures["lost"] + figures["duplicate"] == done.lost
        assert figures["reordered"] == done.reordered
        slept = 10 * SAMPLES  # 0.2 s: this process may be late, and not its network
        assert figures["concealed"] <= (done.lost + figures["late"]) * SAMPLES + slept
    for what in ("lost", "duplicate", "reordered"):
        assert sum(getattr(done, what) for done in everything) > 5


async def test_one_changed_packet_would_be_found(rtp_taps: RtpTaps) -> None:
    opened = await open_rtp()
    plain = {number for _, number in schedule(random.Random(1))}
    changed = next(n for n in range(250, 280) if set(range(n - 6, n + 7)) <= plain)
    done = await send_badly(opened.uri, 1, changed)
    await eventually(lambda: _whole(opened.tap))
    with pytest.raises(AssertionError, match="other audio"):
        check_ring(await frames_of(opened.tap), done)
