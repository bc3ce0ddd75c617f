"""What comes out of a jitter buffer, whatever the network does."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.audio import g711
from monitor.audio.arrival import MAX_DELAY, START_DELAY, Arrivals
from monitor.audio.conceal import conceal
from monitor.audio.frame import Flag
from monitor.audio.jitter import MAX_HELD, PATIENCE, JitterBuffer
from monitor.audio.rtp import PAYLOAD_TYPES, Kind, RtpPacket
from monitor.audio.timeline import Piece

from .network import (
    RATE,
    TICK,
    Arrival,
    Buffer,
    Heard,
    Sender,
    check,
    concealed,
    duplicate_pattern,
    listen,
    loss_pattern,
    noise,
    reorder_pattern,
    until,
)

PROPERTY = settings(derandomize=True, deadline=None, max_examples=100)

#: 10 to 120 ms, as SignalWire's ptime may be.
LENGTHS = [80 * n for n in range(1, 13)]


def adds_up(buffer: JitterBuffer) -> None:
    """Every packet is counted as one thing."""
    f = buffer.figures
    kinds = f.comfort_noise + f.events + f.unknown + f.empty
    assert f.received == f.played + f.late + f.duplicate + kinds + buffer.held
    assert buffer.held <= MAX_HELD


def perfect(
    arrivals: list[Arrival], sender: Sender, buffer: Buffer | None = None
) -> tuple[Buffer, list[Heard]]:
    """Hear all of a sender, and nothing made up before its end."""
    buffer = buffer or JitterBuffer()
    heard = until(listen(buffer, arrivals), sender.position)
    check(heard)
    assert not concealed(heard)
    assert sum(one.piece.samples for one in heard) == sender.position
    return buffer, heard


def test_audio_in_order_goes_out_the_moment_it_comes() -> None:
    sender = Sender()
    arrivals = sender.stream(100)
    _, heard = perfect(arrivals, sender)
    assert [one.at for one in heard] == [one.at for one in arrivals]


def test_both_laws_are_played() -> None:
    buffer = JitterBuffer()
    buffer.push(RtpPacket(0, 1, 0, 1, b"\x10" * 160), 0.0)
    buffer.push(RtpPacket(8, 2, 160, 1, b"\x10" * 160), 0.02)
    assert [one.pcm for one in buffer.pop(0.02)] == [
        g711.decode("PCMU", b"\x10" * 160),
        g711.decode("PCMA", b"\x10" * 160),
    ]


def test_nothing_comes_out_before_anything_came() -> None:
    assert JitterBuffer().pop(1e9) == []
    assert JitterBuffer().figures.lost == 0


# With nothing lost, nothing is.


@PROPERTY
@given(
    st.sampled_from(LENGTHS),
    st.lists(st.integers(0, 39), min_size=1, max_size=40),
    st.lists(st.integers(0, 2), min_size=1, max_size=10),
)
def test_jitter_order_and_copies_within_the_delay_change_nothing(
    samples: int, delays: list[int], copies: list[int]
) -> None:
    """39 ms at most are waited for from the start, copies after 14 ms included."""
    sender = Sender()
    packets = sender.stream(60, samples)
    late = [one / 1000 for one in itertools.islice(itertools.cycle(delays), len(packets) - 1)]
    arrivals = duplicate_pattern(reorder_pattern(packets, [0, *late]), copies)
    buffer, _ = perfect(arrivals, sender)
    assert isinstance(buffer, JitterBuffer)
    adds_up(buffer)
    assert buffer.figures.played == 60
    assert buffer.figures.duplicate == len(arrivals) - 60
    assert buffer.figures.lost == 60 - len(arrivals)


@PROPERTY
@given(st.lists(st.sampled_from(LENGTHS), min_size=2, max_size=60))
def test_packets_may_change_their_length_at_any_time(lengths: list[int]) -> None:
    sender = Sender()
    perfect([sender.send(samples) for samples in lengths], sender)


def test_a_stall_under_the_patience_costs_nothing() -> None:
    sender = Sender()
    arrivals = sender.stream(200)
    stalled = [
        Arrival(max(one.at, 1002.190) if one.at > 1002 else one.at, one.packet) for one in arrivals
    ]
    perfect(stalled, sender)


# What is lost costs its own time.


@PROPERTY
@given(st.sampled_from(LENGTHS), st.lists(st.booleans(), min_size=1, max_size=60))
def test_each_lost_packet_is_concealed_for_just_its_time(samples: int, lost: list[bool]) -> None:
    sender = Sender()
    first, *middle, last = sender.stream(62, samples)
    pattern = list(itertools.islice(itertools.cycle(lost), 60))
    arrivals = [first, *loss_pattern(middle, pattern), last]
    buffer = JitterBuffer()
    heard = until(listen(buffer, arrivals), sender.position)
    check(heard)
    missing = {
        sample
        for number, gone in enumerate(pattern, 1)
        if gone
        for sample in range(number * samples, (number + 1) * samples)
    }
    assert concealed(heard) == missing
    assert buffer.figures.lost == sum(pattern)
    assert buffer.figures.played == len(arrivals)
    adds_up(buffer)


def test_one_lost_packet_holds_up_the_others_for_40_ms_at_most() -> None:
    sender = Sender()
    arrivals = loss_pattern(sender.stream(100), [False] * 50 + [True] + [False] * 49)
    heard = until(listen(JitterBuffer(), arrivals), sender.position)
    out = {one.position: one.at for one in heard}
    waits = [out[number * 160] - (1000.02 + number * 0.02) for number in range(100)]
    assert max(waits) <= START_DELAY + TICK
    assert max(waits[55:]) < 1e-6  # and back to nothing


@st.composite
def networks(draw: st.DrawFn) -> tuple[Sender, list[Arrival]]:
    """Loss, order, jitter up to 380 ms and copies, all at once."""
    sender = Sender(
        sequence_number=draw(st.integers(0, 0xFFFF)), timestamp=draw(st.integers(0, 0xFFFFFFFF))
    )
    packets = sender.stream(80, draw(st.sampled_from(LENGTHS)))
    spread = draw(st.sampled_from([0, 20, 60, 150, 380]))
    chance = random.Random(draw(st.integers(0, 1 << 32)))
    loss = draw(st.sampled_from([0, 0.02, 0.3]))
    arrivals = reorder_pattern(
        packets, [0] + [chance.uniform(0, spread) / 1000 for _ in packets[1:]]
    )
    arrivals[1:] = loss_pattern(arrivals[1:], [chance.random() < loss for _ in arrivals])
    return sender, duplicate_pattern(arrivals, [int(chance.random() < 0.1) for _ in arrivals])


@PROPERTY
@given(networks())
def test_whatever_the_network_does_all_is_in_its_place_or_concealed(
    network: tuple[Sender, list[Arrival]],
) -> None:
    sender, arrivals = network
    buffer = JitterBuffer()
    heard = listen(buffer, arrivals)
    check(until(heard, sender.position))
    adds_up(buffer)
    # No packet waits longer than the most; each is played once at most.
    came: dict[int, float] = {}
    for one in arrivals:
        came.setdefault((one.packet.timestamp - arrivals[0].packet.timestamp) & 0xFFFFFFFF, one.at)
    played = [one for one in heard if not one.piece.flags & Flag.CONCEALED]
    assert buffer.figures.played == len(played)
    size = len(arrivals[0].packet.payload)
    for at, position, _ in played:
        assert at - came[position // size * size] <= MAX_DELAY + TICK + 1e-9
    numbers = {one.packet.sequence_number for one in arrivals}
    assert buffer.figures.duplicate == len(arrivals) - len(numbers)
    assert buffer.figures.played + buffer.figures.late == len(numbers)


def test_a_late_packet_is_counted_and_never_played() -> None:
    sender = Sender()
    packets = sender.stream(50)
    late = Arrival(packets[20].at + 0.2, packets[20].packet)
    arrivals = sorted([*packets[:20], *packets[21:], late, late], key=lambda one: one.at)
    buffer = JitterBuffer()
    heard = until(listen(buffer, arrivals), sender.position)
    check(heard)
    assert concealed(heard) == set(range(20 * 160, 21 * 160))
    figures = buffer.figures
    assert (figures.late, figures.duplicate, figures.reordered) == (1, 1, 1)
    assert figures.lost == -1  # as RFC 3550 has it: late and duplicate packets were received
    adds_up(buffer)


def test_of_a_packet_that_is_late_in_part_the_rest_is_played() -> None:
    """120 ms in a packet that comes when some of them are filled."""
    sender = Sender()
    *packets, last = sender.stream(3, 960)
    arrivals = [*packets, Arrival(last.at + PATIENCE + 0.055, last.packet)]
    buffer = JitterBuffer()
    heard = until(listen(buffer, arrivals), sender.position)
    check(heard)
    made_up = concealed(heard)
    assert made_up == set(range(1920, 1920 + len(made_up)))
    assert 320 <= len(made_up) <= 480  # two or three times 20 ms, as the ticks fall
    assert buffer.figures.played == 3


@pytest.mark.parametrize("samples", LENGTHS)
def test_a_packet_may_be_overtaken_by_the_next(samples: int) -> None:
    """However long they are: 120 ms after its time its 20 ms have only begun."""
    sender = Sender()
    arrivals = sender.stream(40, samples)
    step = samples / RATE
    delays = [step + 0.015 if number == 20 else 0.0 for number in range(40)]
    perfect(reorder_pattern(arrivals, delays), sender)


def test_the_packet_that_the_first_overtook_is_late() -> None:
    sender = Sender()
    first, second, *rest = sender.stream(10)
    buffer = JitterBuffer()
    listen(buffer, [second, Arrival(second.at + 0.001, first.packet), *rest])
    assert buffer.figures.late == 1
    assert buffer.figures.lost == 0
    adds_up(buffer)


# The delay grows with need, and comes back.


def test_the_delay_follows_jitter_up_at_once_and_comes_back() -> None:
    sender = Sender()
    packets = sender.stream(2000)  # 40 s
    chance = random.Random(1)
    delays = [chance.uniform(0, 0.39) if 500 <= n < 1000 else 0.0 for n in range(2000)]
    arrivals = reorder_pattern(packets, delays)
    buffer = JitterBuffer()
    most, settled = 0.0, 0.0
    for one in arrivals:
        buffer.push(one.packet, one.at)
        buffer.pop(one.at)
        most = max(most, buffer.delay)
        if buffer.delay > START_DELAY:
            settled = one.at
    assert most == MAX_DELAY == 0.4
    assert settled - 1020.4 <= 20  # seconds after the jitter ended
    assert buffer.delay == START_DELAY
    # Nearly all of it was played: the buffer had learnt after a few.
    assert buffer.figures.late <= 10


@pytest.mark.parametrize("late_ms", [0, 30])
@pytest.mark.parametrize("packets_per_second", [49.5, 50.0, 50.5])
def test_half_an_hour_of_a_sender_with_another_clock(
    packets_per_second: float, late_ms: int
) -> None:
    """Positions are the sender's time, so its clock costs nothing: no drop, no fill, no delay."""
    sender = Sender(rate=160 * packets_per_second)
    chance = random.Random(2)
    delays = [chance.randint(0, late_ms) / 1000 for _ in range(997)]
    arrivals = reorder_pattern(sender.stream(90_000), delays)
    buffer = JitterBuffer()
    latest = 0.0
    made = 0
    for one in arrivals:
        buffer.push(one.packet, one.at)
        for piece in buffer.pop(one.at):
            made += piece.samples
            assert piece.flags == Flag.NONE
        latest = max(latest, buffer.delay)
    assert made == sender.position
    assert buffer.figures.played == 90_000
    assert latest <= START_DELAY + late_ms / 1000
    assert buffer.held == 0


def test_a_hole_is_filled_on_time_after_an_hour_of_drift() -> None:
    """1 % is 36 s an hour: a due time fixed at the beginning would be off by that."""
    for rate in (160 * 49.5, 160 * 50.5):
        sender = Sender(rate=rate)
        buffer = JitterBuffer()
        for one in sender.stream(180_000):
            buffer.push(one.packet, one.at)
            buffer.pop(one.at)
        sender.send()  # lost
        after = sender.stream(10)
        heard = listen(buffer, after, after=0)
        assert [one.piece.flags for one in heard][:2] == [Flag.CONCEALED, Flag.NONE]
        assert heard[0].at - (after[0].at - 0.02) <= START_DELAY + TICK


def test_the_least_transit_is_not_forgotten_for_a_second() -> None:
    """One packet in 50 is on time, the others 100 ms late."""
    arrivals = Arrivals()
    arrivals.anchor(0.0)
    for number in range(1000):
        arrivals.take(0.1 if number % 50 else 0.0, 0.02)
        assert 0 <= arrivals.base <= 0.020
        assert arrivals.delay >= 0.1 or number == 0


# Nothing comes.


def test_an_outage_is_filled_in_real_time_and_leaves_no_delay() -> None:
    sender = Sender()
    before = sender.stream(50)
    sender.stream(250)  # lost: 5 s
    after = sender.stream(50)
    buffer = JitterBuffer()
    heard = until(listen(buffer, [*before, *after]), sender.position)
    check(heard)
    assert concealed(heard) == set(range(50 * 160, 300 * 160))
    for one in heard:
        behind = one.at - 1000 - (one.position + one.piece.samples) / RATE
        assert behind <= 0.200 + 0.020 + TICK + 1e-9  # a listener that is live stays live
    assert buffer.figures.lost == 250
    last = heard[-1]
    assert last.at - 1000 == pytest.approx((last.position + last.piece.samples) / RATE)


def test_what_fills_the_time_after_a_senders_end_is_not_counted_as_concealed() -> None:
    sender = Sender()
    arrivals = loss_pattern(sender.stream(50), [False] * 40 + [True] + [False] * 9)
    buffer = JitterBuffer()
    heard = listen(buffer, arrivals, after=3)
    assert len(concealed(heard)) > 2 * RATE
    assert buffer.figures.concealed == 160  # the packet that was lost


def test_what_fills_an_outage_is_counted_once_the_sender_goes_on() -> None:
    sender = Sender()
    before = sender.stream(50)
    sender.stream(100)  # lost: 2 s
    buffer = JitterBuffer()
    heard = until(listen(buffer, [*before, *sender.stream(50)]), sender.position)
    assert buffer.figures.concealed == len(concealed(heard)) == 100 * 160


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("seconds", [0.1, 1, 10, 60])
def test_silence_that_is_not_sent_is_silence_and_no_loss(told: bool, seconds: float) -> None:
    """DTX: the timestamp goes on, the sequence number does not."""
    sender = Sender()
    arrivals = sender.stream(10)
    if told:
        arrivals.append(sender.tell(13, b"\x40"))
    sender.rest(round(seconds * RATE))
    arrivals += sender.stream(10)
    buffer = JitterBuffer()
    heard = until(listen(buffer, arrivals), sender.position)
    assert sum(one.piece.samples for one in heard) == sender.position
    check([one for one in heard if one.piece.pcm != bytes(len(one.piece.pcm))])
    assert buffer.figures.lost == 0
    assert buffer.figures.played == 20
    assert buffer.figures.comfort_noise == told
    assert not any(one.piece.flags & Flag.GAP for one in heard)
    if told:
        assert not concealed(heard)
    adds_up(buffer)


def test_a_key_pressed_is_not_played_and_nothing_is_missing() -> None:
    """RFC 4733: the packets of an event share a timestamp, and the numbers of the audio."""
    sender = Sender()
    arrivals = sender.stream(10)
    for _ in range(5):
        event = sender.tell(101)
        arrivals.append(event)
        sender.wait(0.02)
    sender.wait(-0.1)
    sender.rest(800)
    arrivals += sender.stream(10)
    arrivals = duplicate_pattern(arrivals, [1])
    buffer = JitterBuffer()
    heard = until(listen(buffer, arrivals), sender.position)
    assert not concealed(heard)
    assert sum(one.piece.samples for one in heard) == sender.position
    figures = buffer.figures
    assert (figures.events, figures.played, figures.duplicate) == (5, 20, 25)
    adds_up(buffer)


def test_a_silence_that_is_told_is_filled_after_40_ms() -> None:
    sender = Sender()
    arrivals = [*sender.stream(50), sender.tell(13)]
    heard = listen(JitterBuffer(), arrivals, after=0.5)
    silence = [one for one in heard if one.position >= sender.position]
    assert all(one.piece.flags == Flag.NONE for one in silence)
    behind = [one.at - 1000 - (one.position + one.piece.samples) / RATE for one in silence]
    assert max(behind) <= START_DELAY + TICK + 1e-3
    assert min(behind) > 0  # and never ahead of what may yet be said


def test_a_loss_after_a_silence_is_a_loss() -> None:
    sender = Sender()
    arrivals = [*sender.stream(5), sender.tell(13)]
    sender.rest(1600)
    arrivals += loss_pattern(sender.stream(5), [False, False, True, False, False])
    heard = until(listen(JitterBuffer(), arrivals), sender.position)
    assert len(concealed(heard)) == 160


def test_unknown_types_and_empty_packets_take_a_number_and_no_time() -> None:
    sender = Sender()
    arrivals = []
    for _ in range(20):
        arrivals += [sender.send(), sender.tell(99), sender.tell(0, b"")]
    buffer, _ = perfect(reorder_pattern(arrivals, [0, 0.03, 0.01, 0.02, 0]), sender)
    assert isinstance(buffer, JitterBuffer)
    assert (buffer.figures.unknown, buffer.figures.empty) == (20, 20)
    adds_up(buffer)


def test_a_payload_type_may_be_given_a_meaning() -> None:
    buffer = JitterBuffer({**PAYLOAD_TYPES, 96: Kind.PCMU, 97: Kind.EVENT})
    sender = Sender()
    perfect([sender.send(payload_type=96), sender.tell(97), sender.send()], sender, buffer)
    assert buffer.figures.events == 1


# Time makes no sense.


def test_a_sender_that_pauses_without_a_timestamp_for_it_loses_nothing() -> None:
    sender = Sender()
    before = sender.stream(50)
    sender.wait(5)
    after = sender.stream(50)
    buffer = JitterBuffer()
    heard = listen(buffer, [*before, *after], after=0)
    assert buffer.figures.played == 100
    assert buffer.figures.late == 0
    gaps = [one for one in heard if one.piece.flags & Flag.GAP]
    assert [(one.at, one.piece.skipped) for one in gaps] == [(after[0].at, 0)]
    assert gaps[0].piece.pcm == g711.decode("PCMU", after[0].packet.payload)


@pytest.mark.parametrize("jump", [3600 * RATE, -3600 * RATE, 5 * RATE, -5 * RATE, 1 << 31])
def test_a_timestamp_that_jumps_is_a_gap_and_no_hour_of_silence(jump: int) -> None:
    sender = Sender()
    before = sender.stream(50)
    sender.timestamp = (sender.timestamp + jump) & 0xFFFFFFFF
    after = sender.stream(50)
    buffer = JitterBuffer()
    heard = listen(buffer, [*before, *after], after=0)
    assert buffer.figures.played == 100
    assert [one.at for one in heard if one.piece.flags & Flag.GAP] == [after[0].at]
    assert buffer.figures.skipped == 0
    assert sum(one.piece.samples for one in heard) == 100 * 160


def test_what_is_held_when_a_timestamp_jumps_is_played() -> None:
    sender = Sender()
    arrivals = sender.stream(20)
    sender.timestamp = (sender.timestamp + 90 * RATE) & 0xFFFFFFFF
    arrivals += sender.stream(20)
    del arrivals[18]
    buffer = JitterBuffer()
    heard = listen(buffer, arrivals, after=0)
    assert buffer.figures.played == 39
    assert [one.piece.flags for one in heard[18:20]] == [Flag.CONCEALED, Flag.NONE]


def test_a_flood_behind_a_hole_does_not_fill_the_memory() -> None:
    sender = Sender()
    arrivals = sender.stream(1000)
    buffer = JitterBuffer()
    for number, one in enumerate(arrivals):
        if number != 10:
            buffer.push(one.packet, 1000.0)
            adds_up(buffer)
    assert buffer.held == 0
    assert buffer.figures.played == 999
    assert buffer.figures.concealed == 160
    sender.send()  # lost
    for _ in range(200):
        buffer.push(sender.tell(99).packet, 1000.0)
    assert len(buffer._sequence.came) <= MAX_HELD


def test_one_packet_with_a_wild_timestamp_costs_no_other() -> None:
    sender = Sender()
    arrivals = sender.stream(50)
    wild = arrivals[25].packet._replace(timestamp=123456789)
    arrivals[25] = Arrival(arrivals[25].at, wild)
    buffer = JitterBuffer()
    listen(buffer, arrivals, after=0)
    assert buffer.figures.played == 50


def test_a_wild_timestamp_out_of_order_is_not_played() -> None:
    sender = Sender()
    arrivals = sender.stream(50)
    wild = arrivals[25].packet._replace(timestamp=arrivals[25].packet.timestamp + 90 * RATE)
    arrivals[25], arrivals[26] = (
        Arrival(arrivals[25].at, arrivals[26].packet),
        Arrival(arrivals[26].at, wild),
    )
    buffer = JitterBuffer()
    listen(buffer, arrivals, after=0)
    assert (buffer.figures.played, buffer.figures.late) == (49, 1)
    adds_up(buffer)


def test_a_sequence_that_leaps_is_taken_up_with_its_second_packet() -> None:
    sender = Sender()
    arrivals = sender.stream(10)
    sender.sequence_number = (sender.sequence_number + 30000) & 0xFFFF
    arrivals += sender.stream(10)
    buffer = JitterBuffer()
    heard = listen(buffer, arrivals, after=0)
    figures = buffer.figures
    assert (figures.stray, figures.played, figures.restarts, figures.lost) == (1, 19, 1, 0)
    assert [one.at for one in heard if one.piece.flags & Flag.GAP] == [arrivals[11].at]


def test_a_single_number_that_leaps_is_a_stray() -> None:
    sender = Sender()
    arrivals = sender.stream(20)
    stray = arrivals[5].packet._replace(sequence_number=30000)
    arrivals.insert(10, Arrival(arrivals[9].at, stray))
    buffer, _ = perfect(arrivals, sender)
    assert isinstance(buffer, JitterBuffer)
    assert buffer.figures.stray == 1


# Who sends.


def test_a_sender_that_starts_over_is_taken_up_with_a_gap() -> None:
    buffer = JitterBuffer()
    before = Sender()
    early = before.stream(50)
    after = Sender(ssrc=2, sequence_number=7, timestamp=11, began=before.now + 0.5)
    late = after.stream(50)
    heard = listen(buffer, [*early, *late], after=0)
    gap = next(n for n, one in enumerate(heard) if one.piece.flags & Flag.GAP)
    assert heard[gap].at == late[0].at
    check([Heard(at, position - heard[gap].position, p) for at, position, p in heard[gap:]])
    figures = buffer.figures
    assert (figures.restarts, figures.lost, figures.expected, figures.played) == (1, 0, 100, 100)
    adds_up(buffer)


def test_a_sender_that_starts_over_without_a_pause_is_taken_up_within_120_ms() -> None:
    buffer = JitterBuffer()
    before = Sender()
    early = before.stream(50)
    late = Sender(ssrc=2, began=before.now).stream(50)
    listen(buffer, [*early, *late], after=0)
    assert buffer.figures.foreign <= 6
    assert buffer.figures.played == 100 - buffer.figures.foreign


@pytest.mark.parametrize("samples", [160, 960])
def test_two_sources_at_once_do_not_disturb_each_other(samples: int) -> None:
    """Nobody knows how SignalWire sends both legs; only the first is played."""
    sender = Sender()
    after = 0.95 * samples / RATE  # all but in turn
    other = Sender(ssrc=2, timestamp=99, began=1000 + after).stream(100, samples)
    arrivals = sorted([*sender.stream(100, samples), *other], key=lambda one: one.at)
    buffer, _ = perfect(arrivals, sender)
    assert isinstance(buffer, JitterBuffer)
    assert (buffer.figures.foreign, buffer.figures.restarts) == (100, 0)
    assert buffer.figures.lost == 0


def test_what_is_held_when_a_sender_starts_over_is_played() -> None:
    before = Sender()
    early = before.stream(50)
    late = Sender(ssrc=2, sequence_number=7, began=before.now + 0.5).stream(10)
    buffer = JitterBuffer()
    for one in [*early[:45], *early[46:]]:
        buffer.push(one.packet, early[44].at)  # at once, so that 45 could still come
    assert buffer.held == 4
    pieces = []
    for one in late:
        buffer.push(one.packet, one.at)
        pieces += buffer.pop(one.at)
    assert buffer.figures.played == 59
    assert buffer.figures.concealed == 160
    assert [piece.flags for piece in pieces if piece.flags] == [Flag.CONCEALED, Flag.GAP]


# We sleep.


@pytest.mark.parametrize("seconds", [0.25, 1, 3])
def test_what_waited_in_the_socket_while_we_slept_is_played(seconds: float) -> None:
    """A timer may well run before the socket is read: 1 datagram per round of the loop."""
    sender = Sender()
    arrivals = sender.stream(300)
    wakes = 1001 + seconds
    buffer = JitterBuffer()
    made = 0
    for one in arrivals:
        if 1001 < one.at <= wakes:
            one = Arrival(wakes + 0.0001, one.packet)
            buffer.pop(one.at)
        buffer.push(one.packet, one.at)
        made += sum(piece.samples for piece in buffer.pop(one.at))
    assert buffer.figures.played == 300
    assert buffer.figures.concealed == 0
    assert made == sender.position


@pytest.mark.parametrize("lost", [True, False])
def test_a_silence_that_nobody_asked_about_is_skipped_and_counted(lost: bool) -> None:
    """A caller may stop asking once a sender is silent for long."""
    sender = Sender()
    early = sender.stream(10)
    if lost:
        sender.stream(500)
    else:
        sender.rest(500 * 160)
    late = sender.stream(10)
    buffer = JitterBuffer()
    for one in early:
        buffer.push(one.packet, one.at)
    buffer.pop(early[-1].at)
    pieces = []
    for one in late:
        buffer.push(one.packet, one.at)
        pieces += buffer.pop(one.at)
    pieces += buffer.pop(late[-1].at + 0.1)
    assert pieces[0].flags & Flag.GAP
    total = sum(piece.samples + piece.skipped for piece in pieces)
    assert total == 510 * 160
    assert sum(piece.samples for piece in pieces) < 1.5 * RATE


# What is made up.


def test_what_is_made_up_gets_quieter_and_ends_after_60_ms() -> None:
    loud = (10_000).to_bytes(2, "little") * 160
    made = conceal(loud, 0, 800)
    values = [int.from_bytes(made[i : i + 2], "little") for i in range(0, len(made), 2)]
    assert values == [5000] * 160 + [2500] * 160 + [1250] * 160 + [0] * 320


def test_only_the_last_20_ms_are_repeated() -> None:
    last = g711.decode("PCMU", noise(0, 960))
    assert conceal(last, 0, 480) == conceal(last[-320:], 0, 480)
    assert conceal(b"", 0, 80) == bytes(160)


def test_each_loss_is_made_up_for_from_the_beginning() -> None:
    sender = Sender()
    arrivals = loss_pattern(sender.stream(40), [False] * 5 + [True] * 5)
    heard = until(listen(JitterBuffer(), arrivals), sender.position - 800)
    for position in (5 * 160, 15 * 160, 25 * 160):
        made = [one.piece.pcm for one in heard if position <= one.position < position + 800]
        last = g711.decode("PCMU", noise(position - 160, 160))
        assert b"".join(made) == conceal(last, 0, 800)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=8), st.integers(0, 1000))
@PROPERTY
def test_what_is_made_up_is_the_same_in_any_number_of_parts(parts: list[int], size: int) -> None:
    last = g711.decode("PCMU", noise(0, size))
    done = 0
    joined = b""
    for part in parts:
        joined += conceal(last, done, part)
        done += part
    assert joined == conceal(last, 0, done)


# What is counted.


def test_jitter_is_that_of_rfc_3550() -> None:
    """Against the integer code of appendix A.8, which keeps 16 times the jitter."""
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
        adds_up(buffer)
        # At most a second of silence is made of any packet, besides what time itself fills.
        assert made <= sent + RATE * (len(steps) + (now - 50) + 1)


# These checks can fail.


class Clockless:
    """A buffer that waits for 4 packets, as many do: so many it is late for ever, and a
    hole holds up everything until all 16 places are taken, when it throws away."""

    def __init__(self) -> None:
        self._packets: dict[int, RtpPacket] = {}
        self._next: int | None = None

    def push(self, packet: RtpPacket, now: float) -> None:
        self._packets[packet.sequence_number] = packet
        self._next = packet.sequence_number if self._next is None else self._next
        while len(self._packets) > 16:
            self._packets.pop(self._next, None)
            self._next = (self._next + 1) & 0xFFFF

    def pop(self, now: float) -> list[Piece]:
        pieces = []
        while self._next in self._packets and len(self._packets) > 4:
            packet = self._packets.pop(self._next)
            self._next = (self._next + 1) & 0xFFFF
            pcm = g711.decode("PCMU", packet.payload)
            pieces.append(Piece(pcm, len(packet.payload), Flag.NONE, 0))
        return pieces


class Tampered(JitterBuffer):
    """One sample less in the 30th piece."""

    pieces = 0

    def pop(self, now: float) -> list[Piece]:
        out = []
        for piece in super().pop(now):
            self.pieces += 1
            if self.pieces == 30:
                piece = piece._replace(pcm=piece.pcm[2:], samples=piece.samples - 1)
            out.append(piece)
        return out


def test_a_clockless_buffer_fails_the_check_after_one_loss() -> None:
    arrivals = loss_pattern(Sender().stream(100), [False] * 50 + [True] + [False] * 49)
    with pytest.raises(AssertionError, match="other audio at sample 8000"):
        check(listen(Clockless(), arrivals))


def test_a_clockless_buffer_stays_late_for_ever() -> None:
    sender = Sender()
    with pytest.raises(AssertionError):
        perfect(sender.stream(100), sender, Clockless())


def test_a_buffer_that_drops_one_sample_fails_the_check() -> None:
    sender = Sender()
    with pytest.raises(AssertionError, match="other audio at sample"):
        perfect(sender.stream(100), sender, Tampered())
