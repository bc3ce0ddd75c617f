"""Whatever datagrams come to an RTP tap's port, its sender is heard as if there were none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.rtp.packet import RtpPacket
from monitor.ingest.rtp_tap import RtpTap
from tests.support.fuzz import damaged, examples
from tests.support.rtp_sender import FIRST, OTHER, SAMPLES, Talk, lease, pcm
from tests.support.streams import Clock

TRUE = b"\x10"
GOOD = RtpPacket(0, 7, 7 * SAMPLES, 1, b"\x20" * SAMPLES, csrc=(1,), padding=4).serialize()
RTCP = bytes.fromhex("80c80006") + bytes(24)
DATAGRAMS = st.one_of(
    st.binary(max_size=80),
    st.binary(max_size=200).map(lambda tail: b"\x80\x00" + tail),
    damaged(GOOD),
    damaged(RTCP),
    st.builds(
        lambda kind, number, at, ssrc, data: RtpPacket(kind, number, at, ssrc, data).serialize(),
        st.integers(0, 127),
        st.integers(0, 0xFFFF),
        st.integers(0, 0xFFFFFFFF),
        st.integers(0, 0xFFFFFFFF),
        st.binary(max_size=200),
    ),
)
SOURCES = st.sampled_from([OTHER, ("192.0.2.1", 5005), ("2001:db8::1", 5004), ("", 0)])


@pytest.fixture(autouse=True)
def _no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception of ours, which the tap would survive by giving its media up for a while."""

    def fail(self: RtpTap) -> None:
        raise

    monkeypatch.setattr(RtpTap, "fail", fail)


@examples(200)
@given(strange=st.lists(st.tuples(DATAGRAMS, SOURCES), min_size=1, max_size=30))
def test_from_other_addresses(clock: Clock, strange: list[tuple[bytes, tuple[str, int]]]) -> None:
    talk = Talk(clock, lease(FIRST))
    talk.say(FIRST, TRUE, 10)
    for data, address in strange:
        talk.port.datagram_received(data, address)
        talk.say(FIRST, TRUE)
    assert talk.heard() == pcm((TRUE, 10 + len(strange)))


@examples(200)
@given(strange=st.lists(DATAGRAMS, min_size=1, max_size=40), wait=st.floats(0, 3))
def test_from_the_senders_own_address(clock: Clock, strange: list[bytes], wait: float) -> None:
    """They may change what is heard, but the tap goes on, and counts all that it does not play."""
    talk = Talk(clock, lease(FIRST))
    talk.say(FIRST, TRUE, 10)
    for data in strange:
        talk.port.datagram_received(data, FIRST)
    clock.now += wait
    talk.tap.tick(clock.now)
    counts = {name: count for name, count in talk.tap.figures().items() if name != "lost"}
    assert all(count >= 0 for count in counts.values())  # of lost, duplicates are taken off
    talk.say(FIRST, TRUE, 200)
    assert pcm((TRUE, 50)) in talk.heard()
