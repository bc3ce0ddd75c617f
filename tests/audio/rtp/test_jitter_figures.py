"""A jitter buffer counts as RFC 3550 does, and no sender can confuse its counters."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.audio.rtp.jitter import JitterBuffer
from monitor.audio.rtp.packet import RtpPacket
from tests.support.jitter import PROPERTY, assert_adds_up
from tests.support.network import (
    RATE,
    Sender,
    listen,
    noise,
    reorder_pattern,
)


def test_jitter_is_computed_as_in_rfc_3550() -> None:
    """Compare with the integer code of appendix A.8, which keeps 16 times the jitter."""
    sender = Sender()
    chance = random.Random(4)
    arrivals = reorder_pattern(sender.stream(500), [chance.uniform(0, 0.05) for _ in range(500)])
    buffer = JitterBuffer()
    listen(buffer, arrivals, after=0)
    transit = None
    jitter = 0
    for one in arrivals:
        at = round(one.at * RATE) - one.packet.timestamp
        if transit is not None:
            ahead = (at - transit + (1 << 31)) % (1 << 32) - (1 << 31)
            jitter += abs(ahead) - ((jitter + 8) >> 4)
        transit = at
    assert buffer.figures.jitter_units == pytest.approx(jitter >> 4, abs=2)
    assert buffer.figures.jitter_ms == pytest.approx((jitter >> 4) / 8, abs=0.3)


CHAOS = st.lists(
    st.tuples(
        st.integers(0, 300),  # ms since the packet before
        st.sampled_from([0, 0, 0, 8, 13, 101, 99]),
        st.integers(-3, 6) | st.integers(0, 0xFFFF),  # ahead by number
        st.sampled_from([160, 160, 160, 0, -160, 8000, 100_000, 1 << 31]),  # and by timestamp
        st.sampled_from([1, 1, 1, 1, 1, 2]),
        st.sampled_from([160, 160, 0, 1, 960, 4000]),
    ),
    max_size=150,
)


@settings(PROPERTY, max_examples=300)
@given(CHAOS)
def test_no_sender_can_confuse_the_counters_or_fill_the_memory(
    steps: list[tuple[int, int, int, int, int, int]],
) -> None:
    buffer = JitterBuffer()
    now, number, timestamp, made, sent = 50.0, 0, 0, 0, 0
    for wait, payload_type, ahead, later, ssrc, size in steps:
        now += wait / 1000
        number = (number + ahead) & 0xFFFF
        timestamp = (timestamp + later) & 0xFFFFFFFF
        made += sum(piece.samples for piece in buffer.pop(now))
        packet = RtpPacket(payload_type, number, timestamp, ssrc, noise(timestamp, size))
        buffer.push(packet, now)
        sent += size
        pieces = buffer.pop(now)
        made += sum(piece.samples for piece in pieces)
        for piece in pieces:
            assert len(piece.pcm) == 2 * piece.samples > 0
        assert_adds_up(buffer)
        # Each packet adds a second of silence at most, besides what fills the time that passes.
        assert made <= sent + RATE * (len(steps) + (now - 50) + 1)
