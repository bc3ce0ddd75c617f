"""A Mask covers a pause, and after it what may have been said in it."""

from __future__ import annotations

from itertools import pairwise

from monitor.audio.mask import CALM, Mask

CHUNK = 480  # samples
LASTS = 60_000  # µs, a chunk in real time
BEGAN = 1_000_000_000


def covered(mask: Mask, at: int, chunks: int, lasts: int = LASTS) -> list[bool]:
    """Send chunks from a moment on, one each ``lasts``; return which of them are covered."""
    return [mask.covers(at + number * lasts, CHUNK) for number in range(chunks)]


def ended() -> Mask:
    mask = Mask()
    mask.end(BEGAN)
    return mask


def test_everything_is_covered_while_the_pause_goes_on() -> None:
    assert all(covered(Mask(), BEGAN, 10_000))


def test_audio_in_real_time_is_heard_again_half_a_second_after_the_end() -> None:
    found = covered(ended(), BEGAN, 20)
    assert found.index(False) == -(-CALM // LASTS)
    assert all(earlier >= later for earlier, later in pairwise(found))


def test_audio_that_was_received_before_the_end_is_covered_however_late_it_is_played() -> None:
    mask = ended()
    assert all(covered(mask, BEGAN - 100 * LASTS, 100))
    assert all(covered(mask, BEGAN, 8))


def test_a_sender_that_makes_up_for_what_it_held_back_stays_covered_until_it_has() -> None:
    """20 s of the pause come within 4 s of its end."""
    mask = ended()
    assert all(covered(mask, BEGAN, 333, LASTS // 5))
    assert not all(covered(mask, BEGAN + 333 * LASTS // 5, 30))


def test_a_sender_that_was_silent_in_the_pause_is_heard_soon_after_it_speaks() -> None:
    found = covered(ended(), BEGAN + 1000 * LASTS, 20)
    assert found.index(False) == -(-CALM // LASTS)


def test_a_sender_that_gathers_a_second_of_audio_is_heard_with_its_third_burst() -> None:
    mask = ended()
    bursts = [covered(mask, BEGAN + second * 1_000_000, 16, 0) for second in range(4)]
    assert [any(not one for one in burst) for burst in bursts] == [False, True, True, True]
