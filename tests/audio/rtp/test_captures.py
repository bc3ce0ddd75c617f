"""Captures of real senders, GStreamer and ffmpeg, are played as they came (captures/README.md)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from monitor.audio.rtp.jitter import JitterBuffer
from monitor.audio.rtp.packet import RtpPacket, is_rtcp
from tests.support import capture
from tests.support.network import RATE, Arrival, Heard, concealed, listen

HZ = 440
TURN = 2 * np.pi * HZ / RATE
AFTER = 0.1  # seconds after the last packet: less than any end is filled after
WINDOW = RATE // 100
EDGE = RATE // 20  # samples at which a resampler begins and ends

#: Packets with audio, samples of most, and at most how many ms of jitter.
STEADY = {
    "pcmu-10ms": (300, 80, 1),
    "pcmu-40ms": (75, 320, 1),
    "pcmu-120ms": (25, 960, 1),
    "pcma-20ms": (150, 160, 2),
    "pcmu-rtcp": (190, 160, 2),
    "pcmu-bursts": (308, 80, 40),  # twelve packets at once, each 128 ms
    "ffmpeg": (131, 186, 10),
    "ffmpeg-128ms": (24, 1024, 10),
}

#: What ffmpeg's own encoder makes of noise: a level, and ten coefficients (RFC 3389).
COMFORT_NOISE = bytes.fromhex("2d7b807d78797f86767978")


def arrivals(name: str) -> list[Arrival]:
    """Return the RTP packets of a capture."""
    found = [one for one in capture.read(name) if not is_rtcp(one.data)]
    return [Arrival(1000 + at, RtpPacket.parse(data)) for at, data in found]


def pcm(heard: Sequence[Heard]) -> np.ndarray:
    joined = b"".join(one.piece.pcm for one in heard)
    return np.frombuffer(joined, dtype="<i2").astype(float)


def seams(samples: np.ndarray) -> np.ndarray:
    """Return where a tone of 440 Hz is interrupted.

    Each sample of a sine follows from the two before it, up to the coarseness of G.711.
    """
    samples = samples[EDGE:-EDGE]
    off = samples[2:] - 2 * np.cos(TURN) * samples[1:-1] + samples[:-2]
    return np.flatnonzero(np.abs(off) > np.abs(samples).max() / 4)


def assert_tone(samples: np.ndarray) -> None:
    """The audio is a tone of 440 Hz without a hole or a seam."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    assert abs(int(spectrum.argmax()) * RATE / len(samples) - HZ) < 1
    assert not len(seams(samples))
    whole = (len(samples) - 2 * EDGE) // WINDOW * WINDOW
    windows = samples[EDGE : EDGE + whole].reshape(-1, WINDOW)
    power = (windows**2).mean(axis=1)
    assert power.min() > power.max() / 2


@pytest.mark.parametrize("name", STEADY)
def test_a_real_senders_tone_is_played_whole(name: str) -> None:
    packets, samples, jitter = STEADY[name]
    came = arrivals(name)
    buffer = JitterBuffer()
    heard = listen(buffer, came, AFTER)
    assert_tone(pcm(heard))
    assert sum(one.piece.samples for one in heard) == sum(len(one.packet.payload) for one in came)
    figures = buffer.figures
    assert figures.received == figures.expected == figures.played == packets == len(came)
    assert sorted(len(one.packet.payload) for one in came)[packets // 2] in (samples, samples - 1)
    assert (figures.late, figures.duplicate, figures.reordered, figures.unknown) == (0, 0, 0, 0)
    assert (figures.concealed, figures.skipped, figures.restarts) == (0, 0, 0)
    assert figures.jitter_ms < jitter


@pytest.mark.parametrize("name", STEADY)
def test_a_removed_packet_costs_only_its_own_time(name: str) -> None:
    came = arrivals(name)
    whole = pcm(listen(JitterBuffer(), came, AFTER))
    middle = len(came) // 2
    start = sum(len(one.packet.payload) for one in came[:middle])
    end = start + len(came[middle].packet.payload)
    buffer = JitterBuffer()
    heard = listen(buffer, came[:middle] + came[middle + 1 :], AFTER)
    assert concealed(heard) == set(range(start, end))
    assert (buffer.figures.lost, buffer.figures.concealed) == (1, end - start)
    assert buffer.figures.played == len(came) - 1
    holed = pcm(heard)
    assert len(seams(holed))  # so the test of whole tones would have found it
    assert np.array_equal(holed[:start], whole[:start])
    assert np.array_equal(holed[end:], whole[end:])


def test_rtcp_on_the_same_port_is_not_taken_for_rtp() -> None:
    for name, reports in (("pcmu-rtcp", 2), ("ffmpeg", 1), ("ffmpeg-128ms", 1)):
        assert sum(is_rtcp(one.data) for one in capture.read(name)) == reports


def test_key_presses_are_counted_and_not_heard() -> None:
    """Two keys are pressed for a bit over 200 ms each, in which rtpdtmfmux sends no audio."""
    came = arrivals("pcmu-dtmf")
    events = [one for one in came if one.packet.payload_type == 101]
    buffer = JitterBuffer()
    heard = listen(buffer, came, AFTER)
    figures = buffer.figures
    assert (figures.events, figures.played) == (len(events), len(came) - len(events)) == (16, 132)
    assert (figures.lost, figures.late, figures.unknown, figures.restarts) == (0, 0, 0, 0)
    assert (figures.concealed, figures.skipped) == (0, 0)
    samples = pcm(heard)
    assert len(samples) == came[-1].packet.timestamp - came[0].packet.timestamp + 160
    quiet = silences(samples)
    assert len(quiet) == 2
    edges = [0, *(edge for part in quiet for edge in part), len(samples)]
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        assert_tone(samples[start:end])


def test_comfort_noise_is_counted_and_not_heard() -> None:
    """No tool at hand sends comfort noise over RTP, so it replaces packets of a real sender."""
    came = arrivals("pcma-20ms")
    first = came[50].packet
    rest = first._replace(payload_type=13, payload=COMFORT_NOISE)
    later = [
        Arrival(at, packet._replace(sequence_number=packet.sequence_number - 24 & 0xFFFF))
        for at, packet in came[75:]
    ]
    buffer = JitterBuffer()
    heard = listen(buffer, [*came[:50], Arrival(came[50].at, rest), *later], AFTER)
    figures = buffer.figures
    assert (figures.comfort_noise, figures.played, figures.lost) == (1, 125, 0)
    assert (figures.concealed, figures.skipped) == (0, 0)
    samples = pcm(heard)
    assert silences(samples) == [(8000, 12000)]
    assert_tone(samples[:8000])
    assert_tone(samples[12000:])


def silences(samples: np.ndarray) -> list[tuple[int, int]]:
    """Return the start and the end of each silence, in whole packets of 20 ms."""
    quiet = np.abs(samples[: len(samples) // 160 * 160]).reshape(-1, 160).max(axis=1) < 10
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(int)))
    return [(int(start) * 160, int(end) * 160) for start, end in edges.reshape(-1, 2)]
