"""ListenerLag: how far a listener is behind, told by what it acknowledges.

Time is a number here. A listener is simulated: it hears ``heard`` seconds of
audio in a second of time and acknowledges once a second, as the page does.
"""

from __future__ import annotations

from collections import deque

import pytest

from monitor.fanout.lag import CLOGGED, STEP, ListenerLag, SendLog
from monitor.limits import Limits

LIMITS = Limits()
DEGRADED, TOO_SLOW = LIMITS.degraded, LIMITS.too_slow
RATE = 8000
CHUNK = 480  # samples, 60 ms
KEPT = 50.0  # seconds


@pytest.fixture
def log() -> SendLog:
    return SendLog(KEPT)


@pytest.fixture
def lag(log: SendLog) -> ListenerLag:
    return ListenerLag(log, LIMITS)


class Listener:
    """One listener of a live tap, stepped chunk by chunk; it plays what it was sent, in order."""

    def __init__(self, begins_at: int = 0) -> None:
        self.log = SendLog(KEPT)
        self.lag = ListenerLag(self.log, LIMITS)
        self.now = 1000.0
        self.position = begins_at  # of the tap
        self.skipped = 0
        self.most = 0.0
        self.buffer: deque[int] = deque()
        self._played = begins_at
        self._credit = 0.0  # chunks
        self._ack_at = self.now + 1

    def live(self, seconds: float, heard: float = 1.0, acks: bool = True) -> None:
        """Let ``seconds`` of the call pass."""
        for _ in range(round(seconds * RATE / CHUNK)):
            self.now += CHUNK / RATE
            if self.lag.update_degraded(self.now):
                self.skipped += 1
            else:
                self.buffer.append(self.position)
            self.log.record(self.position % (1 << 32), CHUNK, self.now)
            self.position += CHUNK
            self._play(heard)
            if acks and self.now >= self._ack_at:
                self._ack_at += 1
                assert self.lag.acknowledge(self._played % (1 << 32), self.now)
            self.most = max(self.most, self.seconds)

    def ask(self, seconds: float) -> None:
        """Request older audio and receive it."""
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
        return self.lag.seconds_behind(self.now)


def test_nothing_sent_is_no_lag(lag: ListenerLag) -> None:
    assert lag.seconds_behind(1e9) == 0
    assert not lag.update_degraded(1e9)
    assert not lag.is_too_slow(1e9)


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
    assert not listener.lag.is_too_slow(listener.now)
    listener.live(TOO_SLOW - DEGRADED, acks=False)
    assert listener.lag.is_too_slow(listener.now)


def test_a_listener_who_never_reads_is_too_slow_though_nothing_more_is_sent(
    log: SendLog, lag: ListenerLag
) -> None:
    log.record(0, CHUNK, now=100.0)
    assert not lag.is_too_slow(now=100.0 + TOO_SLOW)
    assert lag.is_too_slow(now=100.1 + TOO_SLOW)


def test_a_listener_at_90_percent_speed_is_degraded_at_times_and_never_closed() -> None:
    listener = Listener()
    listener.live(600, heard=0.9)
    assert DEGRADED < listener.most < TOO_SLOW
    assert 500 < listener.skipped < 2000  # about a tenth of the 10,000


def test_a_listener_who_stops_acknowledging_becomes_too_slow() -> None:
    listener = Listener()
    listener.live(60)
    listener.live(9, acks=False)
    assert not listener.lag.is_too_slow(listener.now)
    listener.live(3, acks=False)
    assert listener.lag.is_too_slow(listener.now)


def test_a_degraded_listener_gets_nothing_until_it_has_caught_up(
    log: SendLog, lag: ListenerLag
) -> None:
    for second in range(7):
        log.record(second * RATE, CHUNK, now=float(second))
    assert lag.update_degraded(now=7.0)
    lag.acknowledge(5 * RATE, now=7.0)
    assert lag.seconds_behind(now=7.0) < DEGRADED
    assert lag.update_degraded(now=7.0)
    lag.acknowledge(6 * RATE, now=7.0)
    assert not lag.update_degraded(now=7.0)


def test_a_listener_who_recovers_is_as_good_as_new() -> None:
    listener = Listener()
    listener.live(8, heard=0, acks=False)
    assert listener.skipped > 0
    listener.live(8, heard=2)
    listener.skipped, listener.most = 0, 0.0
    listener.live(60)
    assert listener.skipped == 0
    assert listener.most < 2


def test_an_ack_of_what_was_never_sent_is_refused_and_changes_nothing(
    log: SendLog, lag: ListenerLag
) -> None:
    log.record(8000, CHUNK, now=0.0)
    for position in (-1, 8000 + CHUNK + 1, 1 << 32, 1 << 80):
        assert not lag.acknowledge(position, now=1.0)
    assert lag.seconds_behind(now=3.0) == 3


def test_an_ack_may_lie_inside_the_last_frame(log: SendLog, lag: ListenerLag) -> None:
    """A mark is where a frame begins; what is played reaches its end."""
    log.record(8000, CHUNK, now=0.0)
    assert lag.acknowledge(8000 + CHUNK, now=1.0)
    assert lag.seconds_behind(now=3.0) == 0


def test_an_old_ack_is_taken_and_changes_nothing(log: SendLog, lag: ListenerLag) -> None:
    log.record(8000, CHUNK, now=0.0)
    assert lag.acknowledge(7000, now=1.0)
    assert lag.seconds_behind(now=3.0) == 3


def test_a_jump_of_positions_is_no_lag() -> None:
    """A minute of the call was lost: the position moves on, the listener is where it was."""
    listener = Listener()
    listener.live(10)
    listener.position += 60 * RATE
    listener.live(10)
    assert listener.most < 2
    assert listener.skipped == 0


def test_a_silent_sender_puts_no_listener_behind() -> None:
    listener = Listener()
    listener.live(10)
    listener.lag.acknowledge(listener.position - CHUNK, listener.now)
    assert listener.lag.seconds_behind(listener.now + 3600) == 0


@pytest.mark.parametrize("asked", [5.0, 20.0])
def test_a_listener_may_be_as_far_behind_as_it_asked_to_hear(asked: float) -> None:
    listener = Listener(begins_at=60 * RATE)
    listener.ask(asked)
    listener.live(60)
    assert listener.skipped == 0


@pytest.mark.parametrize("played", [0.0, 5.0, 60.0])
def test_a_listener_who_rewound_and_stops_is_too_slow_10_s_later(played: float) -> None:
    """This holds during the older audio too, when it is as far behind as it was allowed."""
    listener = Listener(begins_at=60 * RATE)
    listener.ask(20)
    listener.live(played)
    listener.live(9, heard=0, acks=False)
    assert not listener.lag.is_too_slow(listener.now)
    listener.live(3, heard=0, acks=False)
    assert listener.lag.is_too_slow(listener.now)


def test_the_allowance_ends_when_the_listener_has_caught_up() -> None:
    listener = Listener(begins_at=60 * RATE)
    listener.ask(20)
    listener.live(60, heard=1.5)
    assert listener.skipped == 0
    listener.most = 0.0
    listener.live(600, heard=0.9)
    assert DEGRADED < listener.most < TOO_SLOW


def test_an_ack_sent_before_the_backfill_request_does_not_end_the_allowance() -> None:
    listener = Listener(begins_at=60 * RATE)
    listener.live(1)
    listener.lag.allow(20, listener.position, listener.now)
    assert listener.lag.acknowledge(listener.position, listener.now)
    listener.buffer.extend(range(41 * RATE, 61 * RATE, CHUNK))
    listener.live(60)
    assert listener.skipped == 0


def test_a_second_smaller_backfill_keeps_the_first_allowance() -> None:
    listener = Listener(begins_at=60 * RATE)
    listener.ask(20)
    listener.live(6)
    listener.lag.allow(1, listener.position % (1 << 32), listener.now)
    listener.live(60)
    assert listener.skipped == 0


def test_acks_of_audio_not_sent_yet_do_not_hide_the_lag(log: SendLog, lag: ListenerLag) -> None:
    for chunk in range(200):
        log.record(chunk * CHUNK, CHUNK, now=chunk * 0.06)
        assert not lag.acknowledge((chunk + 2) * CHUNK, now=chunk * 0.06)
    assert lag.is_too_slow(now=12.0)


def test_older_audio_that_ends_after_the_newest_live_frame_may_be_acknowledged(
    log: SendLog, lag: ListenerLag
) -> None:
    """The ring was read before its last Frames reached this process."""
    log.record(8000, CHUNK, now=0.0)
    assert not lag.acknowledge(9000, now=1.0)
    lag.allow(1.0, end=9000, now=1.0)
    assert lag.acknowledge(9000, now=2.0)
    assert not lag.acknowledge(9001, now=2.0)


def test_audio_before_a_listener_joined_is_no_lag(log: SendLog) -> None:
    for second in range(20):
        log.record(second * RATE, CHUNK, now=float(second))
    late = ListenerLag(log, LIMITS)
    assert late.seconds_behind(now=20.0) == 0
    log.record(20 * RATE, CHUNK, now=20.0)
    assert late.seconds_behind(now=24.0) == 4


def test_the_first_frame_after_a_listener_joins_is_always_marked(log: SendLog) -> None:
    log.record(0, CHUNK, now=0.0)
    late = ListenerLag(log, LIMITS)
    log.record(CHUNK, CHUNK, now=0.06)
    assert late.seconds_behind(now=5.06) == 5


def test_joining_listeners_do_not_shorten_the_history(log: SendLog, lag: ListenerLag) -> None:
    for chunk in range(2000):
        log.record(chunk * CHUNK, CHUNK, now=chunk * 0.06)
        ListenerLag(log, LIMITS)
    assert lag.seconds_behind(now=120.0) >= KEPT


def test_each_listener_of_a_log_has_its_own_lag(log: SendLog) -> None:
    good, bad = ListenerLag(log, LIMITS), ListenerLag(log, LIMITS)
    for second in range(8):
        log.record(second * RATE, CHUNK, now=float(second))
        assert good.acknowledge(second * RATE, now=float(second))
    assert (good.seconds_behind(now=7.0), bad.seconds_behind(now=7.0)) == (0, 7)
    assert (good.update_degraded(now=7.0), bad.update_degraded(now=7.0)) == (False, True)


def test_acks_before_and_after_a_position_wrap_both_count(log: SendLog, lag: ListenerLag) -> None:
    """The position wraps after 149 hours: this adds no lag, and acks before and after it count."""
    newest = (1 << 32) - CHUNK
    log.record(newest, CHUNK, now=0.0)
    log.record(0, CHUNK, now=0.6)
    assert lag.seconds_behind(now=1.0) == 1
    assert lag.acknowledge(newest, now=1.0)
    assert lag.seconds_behind(now=1.0) == pytest.approx(0.4)
    assert lag.acknowledge(CHUNK, now=1.06)
    assert lag.seconds_behind(now=5.0) == 0


@pytest.mark.parametrize("asked", [0, 20])
def test_a_position_wrap_skips_no_frame(asked: int) -> None:
    listener = Listener(begins_at=(1 << 32) - 60 * RATE)
    if asked:
        listener.ask(asked)
    listener.live(120)
    assert listener.skipped == 0
    assert listener.most < 2


@pytest.mark.parametrize("seconds", [8, 20])
def test_a_listener_who_stops_is_too_slow_despite_a_position_wrap(seconds: int) -> None:
    """While it is degraded, and before."""
    listener = Listener(begins_at=(1 << 32) - seconds * RATE)
    listener.live(12, acks=False)
    assert listener.lag.is_too_slow(listener.now)


def test_an_ack_of_what_was_never_sent_is_refused_after_a_wrap(
    log: SendLog, lag: ListenerLag
) -> None:
    log.record((1 << 32) - CHUNK, CHUNK, now=0.0)
    log.record(0, CHUNK, now=0.6)
    for position in ((1 << 32) + CHUNK + 1, 1 << 80, -1):
        assert not lag.acknowledge(position, now=1.0)
    assert lag.acknowledge(CHUNK + 1, now=1.0)  # 149 hours old, and so of no use
    assert lag.seconds_behind(now=1.0) == 1


def test_old_marks_are_forgotten(log: SendLog) -> None:
    """Two a second, kept for twice the time that was asked for at most."""
    for chunk in range(60_000):
        log.record(chunk * CHUNK, CHUNK, now=chunk * 0.06)
        assert log.next_mark - log.first_mark <= 2 * KEPT / STEP
    position, at = log.mark(log.first_mark)
    assert position * 1.0 / RATE == pytest.approx(at)
    assert at <= 3600 - KEPT


def test_a_lag_beyond_the_kept_history_is_at_least_that_long(
    log: SendLog, lag: ListenerLag
) -> None:
    for chunk in range(60_000):
        log.record(chunk * CHUNK, CHUNK, now=chunk * 0.06)
    assert lag.seconds_behind(now=3600.0) > KEPT


def test_growing_unsent_bytes_are_lag_even_if_everything_is_acknowledged(
    log: SendLog, lag: ListenerLag
) -> None:
    for second in range(13):
        log.record(second * RATE, RATE, now=float(second))
        assert lag.acknowledge((min(second, 7) + 1) * RATE, now=float(second))  # it is sent no more
        lag.update_unsent(second * 16_000 + CLOGGED, now=float(second))
        assert lag.update_degraded(now=float(second)) == (second > 6)
        assert lag.is_too_slow(now=float(second)) == (second > 11)


def test_unsent_bytes_that_drain_slowly_are_no_lag(lag: ListenerLag) -> None:
    for second in range(30):
        lag.update_unsent(480_000 - second * 10_000, now=float(second))
        assert lag.seconds_behind(now=float(second)) == 0
