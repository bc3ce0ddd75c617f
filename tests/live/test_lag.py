"""Lag: how far a listener is behind, by what it says it has played.

Time is a number here. A listener is simulated: it hears ``heard`` seconds of
audio in a second of time and acknowledges once a second, as the page does.
"""

from __future__ import annotations

from collections import deque

import pytest

from monitor.live.lag import CLOGGED, DEGRADED, STEP, TOO_SLOW, Lag, Line

RATE = 8000
CHUNK = 480  # samples, 60 ms
KEPT = 50.0  # seconds


@pytest.fixture
def line() -> Line:
    return Line(KEPT)


@pytest.fixture
def lag(line: Line) -> Lag:
    return Lag(line)


class Listener:
    """One listener of a live tap, stepped chunk by chunk; it plays what it was sent, in order."""

    def __init__(self, begins_at: int = 0) -> None:
        self.line = Line(KEPT)
        self.lag = Lag(self.line)
        self.now = 1000.0
        self.position = begins_at  # of the tap
        self.skipped = 0
        self.most = 0.0
        self.buffer: deque[int] = deque()
        self._played = begins_at
        self._credit = 0.0  # chunks
        self._ack_at = self.now + 1

    def live(self, seconds: float, heard: float = 1.0, acks: bool = True) -> None:
        """Let so many seconds of the call go by."""
        for _ in range(round(seconds * RATE / CHUNK)):
            self.now += CHUNK / RATE
            if self.lag.degraded(self.now):
                self.skipped += 1
            else:
                self.buffer.append(self.position)
            self.line.sent(self.position % (1 << 32), CHUNK, self.now)
            self.position += CHUNK
            self._play(heard)
            if acks and self.now >= self._ack_at:
                self._ack_at += 1
                assert self.lag.acked(self._played % (1 << 32), self.now)
            self.most = max(self.most, self.seconds)

    def ask(self, seconds: float) -> None:
        """Ask for older audio, and get it."""
        self.lag.allow(seconds, self.position % (1 << 32), self.now)
        self.buffer.extend(range(int(self.position - seconds * RATE), self.position, CHUNK))

    def _play(self, chunks: float) -> None:
        self._credit += chunks
        while self._credit >= 1 and self.buffer:
            self._credit -= 1
            self._played = self.buffer.popleft() + CHUNK
        self._credit = min(self._credit, 1)

    @property
    def seconds(self) -> float:
        return self.lag.seconds(self.now)


def test_nothing_sent_is_no_lag(lag: Lag) -> None:
    assert lag.seconds(1e9) == 0
    assert not lag.degraded(1e9)
    assert not lag.too_slow(1e9)


def test_a_listener_who_plays_in_real_time_is_never_behind_by_much() -> None:
    """An ack a second, marks every half: under 2 s at any time of an hour."""
    listener = Listener()
    listener.live(3600)
    assert listener.most < 2
    assert listener.skipped == 0


def test_a_listener_who_never_reads_is_degraded_at_5_s_and_too_slow_at_10() -> None:
    listener = Listener()
    listener.live(DEGRADED, acks=False)
    assert listener.skipped == 0
    listener.live(0.2, acks=False)
    assert listener.skipped > 0
    assert not listener.lag.too_slow(listener.now)
    listener.live(TOO_SLOW - DEGRADED, acks=False)
    assert listener.lag.too_slow(listener.now)


def test_a_listener_who_never_reads_is_too_slow_though_nothing_more_is_sent(
    line: Line, lag: Lag
) -> None:
    line.sent(0, CHUNK, now=100.0)
    assert not lag.too_slow(now=100.0 + TOO_SLOW)
    assert lag.too_slow(now=100.1 + TOO_SLOW)


def test_a_listener_at_90_percent_is_skipped_now_and_then_and_never_closed() -> None:
    listener = Listener()
    listener.live(600, heard=0.9)
    assert DEGRADED < listener.most < TOO_SLOW
    assert 500 < listener.skipped < 2000  # about a tenth of the 10,000


def test_a_listener_who_stops_acknowledging_is_found_out() -> None:
    listener = Listener()
    listener.live(60)
    listener.live(9, acks=False)
    assert not listener.lag.too_slow(listener.now)
    listener.live(3, acks=False)
    assert listener.lag.too_slow(listener.now)


def test_a_degraded_listener_gets_nothing_until_it_has_caught_up(line: Line, lag: Lag) -> None:
    for second in range(7):
        line.sent(second * RATE, CHUNK, now=float(second))
    assert lag.degraded(now=7.0)
    lag.acked(5 * RATE, now=7.0)
    assert lag.seconds(now=7.0) < DEGRADED
    assert lag.degraded(now=7.0)
    lag.acked(6 * RATE, now=7.0)
    assert not lag.degraded(now=7.0)


def test_a_listener_who_recovers_is_as_good_as_new() -> None:
    listener = Listener()
    listener.live(8, heard=0, acks=False)
    assert listener.skipped > 0
    listener.live(8, heard=2)
    listener.skipped, listener.most = 0, 0.0
    listener.live(60)
    assert listener.skipped == 0
    assert listener.most < 2


def test_an_ack_of_what_was_never_sent_is_refused_and_changes_nothing(line: Line, lag: Lag) -> None:
    line.sent(8000, CHUNK, now=0.0)
    for position in (-1, 8000 + CHUNK + 1, 1 << 32, 1 << 80):
        assert not lag.acked(position, now=1.0)
    assert lag.seconds(now=3.0) == 3


def test_an_ack_may_lie_inside_the_last_frame(line: Line, lag: Lag) -> None:
    """A mark is where a frame begins; what is played reaches its end."""
    line.sent(8000, CHUNK, now=0.0)
    assert lag.acked(8000 + CHUNK, now=1.0)
    assert lag.seconds(now=3.0) == 0


def test_an_old_ack_is_taken_and_changes_nothing(line: Line, lag: Lag) -> None:
    line.sent(8000, CHUNK, now=0.0)
    assert lag.acked(7000, now=1.0)
    assert lag.seconds(now=3.0) == 3


def test_a_jump_of_positions_is_no_lag() -> None:
    """A minute of the call was lost: the position moves on, the listener is where it was."""
    listener = Listener()
    listener.live(10)
    listener.position += 60 * RATE
    listener.live(10)
    assert listener.most < 2
    assert listener.skipped == 0


def test_a_sender_who_is_silent_does_not_make_its_listeners_late() -> None:
    listener = Listener()
    listener.live(10)
    listener.lag.acked(listener.position - CHUNK, listener.now)
    assert listener.lag.seconds(listener.now + 3600) == 0


@pytest.mark.parametrize("asked", [5.0, 20.0])
def test_a_listener_may_be_as_far_behind_as_it_asked_to_hear(asked: float) -> None:
    listener = Listener(begins_at=60 * RATE)
    listener.ask(asked)
    listener.live(60)
    assert listener.skipped == 0


@pytest.mark.parametrize("played", [0.0, 5.0, 60.0])
def test_who_asked_for_older_audio_and_stops_is_too_slow_10_s_later(played: float) -> None:
    """In the midst of it too, and as far behind as it was allowed."""
    listener = Listener(begins_at=60 * RATE)
    listener.ask(20)
    listener.live(played)
    listener.live(9, heard=0, acks=False)
    assert not listener.lag.too_slow(listener.now)
    listener.live(3, heard=0, acks=False)
    assert listener.lag.too_slow(listener.now)


def test_the_allowance_ends_when_the_listener_has_caught_up() -> None:
    listener = Listener(begins_at=60 * RATE)
    listener.ask(20)
    listener.live(60, heard=1.5)
    assert listener.skipped == 0
    listener.most = 0.0
    listener.live(600, heard=0.9)
    assert DEGRADED < listener.most < TOO_SLOW


def test_an_ack_that_was_under_way_when_older_audio_was_asked_for_ends_no_allowance() -> None:
    listener = Listener(begins_at=60 * RATE)
    listener.live(1)
    listener.lag.allow(20, listener.position, listener.now)
    assert listener.lag.acked(listener.position, listener.now)
    listener.buffer.extend(range(41 * RATE, 61 * RATE, CHUNK))
    listener.live(60)
    assert listener.skipped == 0


def test_who_asks_again_keeps_what_it_was_allowed() -> None:
    listener = Listener(begins_at=60 * RATE)
    listener.ask(20)
    listener.live(6)
    listener.lag.allow(1, listener.position % (1 << 32), listener.now)
    listener.live(60)
    assert listener.skipped == 0


def test_who_acks_by_the_clock_what_it_was_not_sent_yet_is_found_out(line: Line, lag: Lag) -> None:
    for chunk in range(200):
        line.sent(chunk * CHUNK, CHUNK, now=chunk * 0.06)
        assert not lag.acked((chunk + 2) * CHUNK, now=chunk * 0.06)
    assert lag.too_slow(now=12.0)


def test_older_audio_that_ends_behind_what_was_heard_live_may_be_acknowledged(
    line: Line, lag: Lag
) -> None:
    """The ring was read before its last Frames came here."""
    line.sent(8000, CHUNK, now=0.0)
    assert not lag.acked(9000, now=1.0)
    lag.allow(1.0, end=9000, now=1.0)
    assert lag.acked(9000, now=2.0)
    assert not lag.acked(9001, now=2.0)


def test_who_comes_later_is_not_behind_with_what_was_before(line: Line) -> None:
    for second in range(20):
        line.sent(second * RATE, CHUNK, now=float(second))
    late = Lag(line)
    assert late.seconds(now=20.0) == 0
    line.sent(20 * RATE, CHUNK, now=20.0)
    assert late.seconds(now=24.0) == 4


def test_hearing_begins_with_a_mark_though_there_was_one_just_before(line: Line) -> None:
    line.sent(0, CHUNK, now=0.0)
    late = Lag(line)
    line.sent(CHUNK, CHUNK, now=0.06)
    assert late.seconds(now=5.06) == 5


def test_marks_are_kept_as_long_however_many_come_and_go(line: Line, lag: Lag) -> None:
    for chunk in range(2000):
        line.sent(chunk * CHUNK, CHUNK, now=chunk * 0.06)
        Lag(line)
    assert lag.seconds(now=120.0) >= KEPT


def test_each_who_hears_is_as_far_behind_as_itself(line: Line) -> None:
    good, bad = Lag(line), Lag(line)
    for second in range(8):
        line.sent(second * RATE, CHUNK, now=float(second))
        assert good.acked(second * RATE, now=float(second))
    assert (good.seconds(now=7.0), bad.seconds(now=7.0)) == (0, 7)
    assert (good.degraded(now=7.0), bad.degraded(now=7.0)) == (False, True)


def test_the_position_wraps_in_mid_listening(line: Line, lag: Lag) -> None:
    """After 149 hours: no lag comes of it, and the acks before and after it count."""
    newest = (1 << 32) - CHUNK
    line.sent(newest, CHUNK, now=0.0)
    line.sent(0, CHUNK, now=0.6)
    assert lag.seconds(now=1.0) == 1
    assert lag.acked(newest, now=1.0)
    assert lag.seconds(now=1.0) == pytest.approx(0.4)
    assert lag.acked(CHUNK, now=1.06)
    assert lag.seconds(now=5.0) == 0


@pytest.mark.parametrize("asked", [0, 20])
def test_a_listener_hears_nothing_of_the_wrap(asked: int) -> None:
    listener = Listener(begins_at=(1 << 32) - 60 * RATE)
    if asked:
        listener.ask(asked)
    listener.live(120)
    assert listener.skipped == 0
    assert listener.most < 2


@pytest.mark.parametrize("seconds", [8, 20])
def test_who_stops_is_found_out_though_the_position_wraps(seconds: int) -> None:
    """While it is degraded, and before."""
    listener = Listener(begins_at=(1 << 32) - seconds * RATE)
    listener.live(12, acks=False)
    assert listener.lag.too_slow(listener.now)


def test_what_was_never_sent_is_refused_behind_the_wrap_too(line: Line, lag: Lag) -> None:
    line.sent((1 << 32) - CHUNK, CHUNK, now=0.0)
    line.sent(0, CHUNK, now=0.6)
    for position in ((1 << 32) + CHUNK + 1, 1 << 80, -1):
        assert not lag.acked(position, now=1.0)
    assert lag.acked(CHUNK + 1, now=1.0)  # 149 hours old, and so of no use
    assert lag.seconds(now=1.0) == 1


def test_marks_do_not_pile_up(line: Line) -> None:
    """Two a second, kept for twice the time that was asked for at most."""
    for chunk in range(60_000):
        line.sent(chunk * CHUNK, CHUNK, now=chunk * 0.06)
        assert line.next - line.first <= 2 * KEPT / STEP
    position, at = line.mark(line.first)
    assert position * 1.0 / RATE == pytest.approx(at)
    assert at <= 3600 - KEPT


def test_who_is_further_behind_than_marks_are_kept_is_too_slow(line: Line, lag: Lag) -> None:
    for chunk in range(60_000):
        line.sent(chunk * CHUNK, CHUNK, now=chunk * 0.06)
    assert lag.seconds(now=3600.0) > KEPT


def test_who_acks_all_and_reads_nothing_is_too_slow_once_bytes_wait_behind_the_kernel(
    line: Line, lag: Lag
) -> None:
    for second in range(13):
        line.sent(second * RATE, RATE, now=float(second))
        assert lag.acked((min(second, 7) + 1) * RATE, now=float(second))  # it is sent no more
        lag.waits(second * 16_000 + CLOGGED, now=float(second))
        assert lag.degraded(now=float(second)) == (second > 6)
        assert lag.too_slow(now=float(second)) == (second > 11)


def test_a_backfill_that_drains_slowly_is_no_lag(lag: Lag) -> None:
    for second in range(30):
        lag.waits(480_000 - second * 10_000, now=float(second))
        assert lag.seconds(now=float(second)) == 0
