"""A jitter buffer tells for how long audio was held back for what never came."""

from __future__ import annotations

import itertools
import random

from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.rtp.jitter import JitterBuffer
from tests.support.jitter import PROPERTY
from tests.support.network import Arrival, Heard, Sender, listen, loss_pattern, reorder_pattern

MICROSECOND = 1e-6


def received_at(one: Heard) -> float:
    return one.at - one.piece.waited * MICROSECOND


def test_audio_that_waited_for_a_lost_packet_was_received_when_it_came() -> None:
    sender = Sender()
    lost = [number == 20 for number in range(50)]
    arrivals = loss_pattern(sender.stream(50), lost)
    came = {1000.02 + number * 0.02 for number in range(50)}
    heard = listen(JitterBuffer(), arrivals, after=0)
    assert max(one.piece.waited for one in heard) >= 20_000
    for one in heard:
        assert min(abs(received_at(one) - at) for at in came) < 2 * MICROSECOND


def test_concealment_was_received_with_the_packet_that_showed_the_loss() -> None:
    arrivals = loss_pattern(Sender().stream(50), [number == 20 for number in range(50)])
    heard = listen(JitterBuffer(), arrivals, after=0)
    made_up, after = next(
        pair for pair in itertools.pairwise(heard) if pair[0].position == 20 * 160
    )
    assert received_at(made_up) == received_at(after)


def test_audio_that_waited_for_a_late_packet_was_received_with_that_one() -> None:
    packets = Sender().stream(50)
    late = Arrival(packets[20].at + 0.03, packets[20].packet)
    arrivals = sorted([*packets[:20], late, *packets[21:]])
    heard = listen(JitterBuffer(), arrivals, after=0)
    assert [one.at for one in heard if one.position in (20 * 160, 21 * 160)] == [late.at] * 2
    assert {one.piece.waited for one in heard} == {0}


@PROPERTY
@given(st.integers(0, 1 << 32), st.sampled_from([0, 0.02, 0.3]), st.sampled_from([0, 60, 380]))
def test_what_follows_was_never_received_before_on_any_network(
    seed: int, loss: float, spread: int
) -> None:
    chance = random.Random(seed)
    first, *others = Sender().stream(80)
    arrivals = reorder_pattern(others, [chance.uniform(0, spread) / 1000 for _ in others])
    arrivals = loss_pattern(arrivals, [chance.random() < loss for _ in arrivals])
    heard = listen(JitterBuffer(), [first, *arrivals])
    for before, after in itertools.pairwise(heard):
        assert received_at(after) >= received_at(before) - 2 * MICROSECOND
