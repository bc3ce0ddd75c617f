"""Concealment is what is played in place of lost audio."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.audio import g711
from monitor.audio.rtp.conceal import conceal
from monitor.audio.rtp.jitter import JitterBuffer
from tests.support.jitter import PROPERTY
from tests.support.network import Sender, listen, loss_pattern, noise, until


def test_concealment_fades_and_ends_after_60_ms() -> None:
    loud = (10_000).to_bytes(2, "little") * 160
    made = conceal(loud, 0, 800)
    values = [int.from_bytes(made[i : i + 2], "little") for i in range(0, len(made), 2)]
    assert values == [5000] * 160 + [2500] * 160 + [1250] * 160 + [0] * 320


def test_only_the_last_20_ms_are_repeated() -> None:
    last = g711.decode("PCMU", noise(0, 960))
    assert conceal(last, 0, 480) == conceal(last[-320:], 0, 480)
    assert conceal(b"", 0, 80) == bytes(160)


def test_each_loss_is_concealed_from_full_volume() -> None:
    sender = Sender()
    arrivals = loss_pattern(sender.stream(40), [False] * 5 + [True] * 5)
    heard = until(listen(JitterBuffer(), arrivals), sender.position - 800)
    for position in (5 * 160, 15 * 160, 25 * 160):
        made = [one.piece.pcm for one in heard if position <= one.position < position + 800]
        last = g711.decode("PCMU", noise(position - 160, 160))
        assert b"".join(made) == conceal(last, 0, 800)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=8), st.integers(0, 1000))
@PROPERTY
def test_concealment_is_the_same_in_any_number_of_parts(parts: list[int], size: int) -> None:
    last = g711.decode("PCMU", noise(0, size))
    done = 0
    joined = b""
    for part in parts:
        joined += conceal(last, done, part)
        done += part
    assert joined == conceal(last, 0, done)
