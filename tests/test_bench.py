"""The pure parts of the benchmark: its schedule, its tags, its packets and its search."""

from __future__ import annotations

import pytest

from bench import knee, soak, suite, targets
from bench.instruments import Tally
from bench.plan import PCM_UNIT, UNIT, Listener, Plan, Reading, Readings, Stage
from bench.rows import ROWS
from bench.rtp import Packets
from bench.voice import KEPT, PCM_TAG, Voice
from bench.wheel import Wheel
from bench.wire import BINARY, ListenerSocket
from monitor.audio import g711
from monitor.audio.rtp.packet import RtpPacket


@pytest.mark.parametrize("real", [1, 7, 49, 50, 63, 230, 1600, 4000])
def test_the_search_finds_a_known_knee(real: int) -> None:
    def attempt(load: int) -> knee.Point:
        p99 = 60.0 if load <= real else 400.0
        return knee.Point(load, p99, 0, 0.5, 0.0, trusted=True)

    points = knee.search(attempt, first=50, most=4000, time_left=lambda: True)
    assert 0.9 * real - 1 <= knee.find(points) <= real
    assert len(points) <= 12


def good_at(load: int) -> knee.Point:
    return knee.Point(load, 60.0, 0, 0.5, 0.0, trusted=True)


def test_the_search_returns_what_it_has_when_time_is_up() -> None:
    left = iter([True, True, False])
    points = knee.search(good_at, 50, 4000, lambda: next(left))
    assert knee.find(points) == 100


@pytest.mark.parametrize(
    "reading",
    [
        Reading("load", 1, 1, 0, 6.0, units_out=300, p99_ms=151.0),
        Reading("load", 1, 1, 0, 6.0, units_out=300, lost=1),
        Reading("load", 1, 1, 0, 6.0, units_out=300, gone=1),
        Reading("load", 1, 1, 0, 6.0, units_out=0),
    ],
    ids=["late", "lost", "closed", "silent"],
)
def test_a_load_beyond_the_knee_is_not_good(reading: Reading) -> None:
    assert not knee.point(1, Readings([reading])).is_good


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_wheel_spreads_its_members_evenly_on_an_absolute_schedule() -> None:
    clock, turns = Clock(), list[tuple[int, float]]()
    wheel = Wheel(lambda member, now: turns.append((member, now)), 0.02, clock)
    wheel.set(4)
    late = 0.0
    for now in (0.0, 0.005, 0.0051, 0.018, 0.0201, 0.025):
        clock.now = now
        late = max(late, wheel.turn())
    assert turns == [(0, 0.0), (1, 0.005), (2, 0.018), (3, 0.018), (0, 0.0201), (1, 0.025)]
    assert late == pytest.approx(0.008)
    wheel.set(0)
    assert wheel.turn() == 0.0


def test_all_members_have_their_turns_while_more_join() -> None:
    clock, turns = Clock(), list[int]()
    wheel = Wheel(lambda member, now: turns.append(member), 1.0, clock)
    for members in range(2, 20):
        wheel.set(members)
        for _ in range(2):
            wheel.turn()
            clock.now += 0.1
    assert set(turns) >= set(range(15))


def pcm(voice: Voice) -> bytes:
    return g711.decode("PCMU", voice.next_unit(1.0))


def test_tags_survive_decoding() -> None:
    voice = Voice(number=131)
    said = [pcm(voice) for _ in range(70)]
    assert all(len(one) == PCM_UNIT for one in said)
    assert [voice.unit_of(one[:PCM_TAG]) for one in said] == list(range(70))
    assert Voice(number=130).unit_of(said[0][:PCM_TAG]) == -1
    assert voice.unit_of(b"\x00" * PCM_TAG) == -1


async def hear(*numbers: int | None) -> Tally:
    """Return what a listener counts of these units; ``None`` is one that cannot be read."""
    voice, tally = Voice(0), Tally()
    listener = ListenerSocket(b"", tally, voice, header=0, greeting=False)
    said = [pcm(voice) for _ in range(10)]
    for number in numbers:
        data = b"\x01" * PCM_UNIT if number is None else said[number]
        listener.message(BINARY, data, 0, len(data), 1.5)
    return tally


@pytest.mark.parametrize(
    ("numbers", "lost", "doubled", "disordered", "garbled"),
    [
        ((2, 3, 4, 5), 0, 0, 0, 0),
        ((2, 5, 6), 2, 0, 0, 0),
        ((2, 3, 3, 4), 0, 1, 0, 0),
        ((2, 4, 3, 5), 0, 0, 1, 0),
        ((2, None, 3), 0, 0, 0, 1),
    ],
    ids=["well", "lost", "doubled", "disordered", "garbled"],
)
async def test_a_listener_counts_what_was_lost_or_came_wrongly(
    numbers: tuple[int | None, ...], lost: int, doubled: int, disordered: int, garbled: int
) -> None:
    tally = await hear(*numbers)
    assert (tally.lost, tally.doubled) == (lost, doubled)
    assert (tally.disordered, tally.garbled) == (disordered, garbled)
    assert tally.quantile(0.99) == pytest.approx(500, abs=1)  # said at 1 s, heard at 1.5 s


def test_a_voice_remembers_only_its_last_units() -> None:
    voice = Voice(0)
    for _ in range(KEPT + 5):
        voice.next_unit(1.0)
    assert len(voice.tags) == len(voice.sent_at) == KEPT
    assert voice.sent == KEPT + 5


def test_packets_are_numbered_as_the_rfc_says_and_wrap() -> None:
    voice = Voice(3)
    packets = Packets(voice, ssrc=77, first=0xFFFF)
    last, first = (RtpPacket.parse(packets.packet(0.0)) for _ in range(2))
    assert (last.sequence_number, first.sequence_number) == (0xFFFF, 0)
    assert first.timestamp - last.timestamp == UNIT
    assert (first.payload_type, first.ssrc, len(first.payload)) == (0, 77, UNIT)
    assert voice.unit_of(g711.decode("PCMU", first.payload)[:PCM_TAG]) == 1


def test_a_plan_and_readings_survive_json() -> None:
    listeners = [Listener(0, "/listen/1", "sessionid=1")]
    plan = Plan(1, 2, None, 0, ["/tap/1"], listeners, [], [Stage("in", 1)], non_reading=listeners)
    assert Plan.loads(plan.dumps()) == plan
    readings = Readings([Reading("in", 1, 0, 0)], codes={"1012": 2})
    assert Readings.loads(readings.dumps()) == readings


def test_growth_is_measured_after_the_first_quarter() -> None:
    samples = [soak.Sample(60.0 * n, 10**6 * (n == 0) + 5000 * n, 9, 2) for n in range(9)]
    told = soak.growth(samples, 480.0)
    assert (told["rss_start"], told["rss_end"]) == (10_000, 40_000)
    assert told["slope_kb_per_min"] == 5.0


def test_the_whole_suite_fits_into_45_minutes() -> None:
    names = [row.name for row in ROWS]
    assert suite.FULL.within(names, runs=5) <= 45 * 60


def test_a_figure_without_a_value_has_not_reached_its_target() -> None:
    assert targets.verdict(targets.limit("p99", "x", 30, 30, "ms")["reached"]) == "reached"
    assert targets.verdict(targets.limit("p99", "x", 31, 30, "ms")["reached"]) == "not reached"
