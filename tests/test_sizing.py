"""The sizing model: what it computes from costs that are easy to add up."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from bench.sizing import model, table
from bench.sizing.check import Checked
from bench.sizing.costs import MEASURED, Audio, Costs, Line, Lists
from bench.sizing.model import Floor, needs, redis_cpu, worker_cpu
from bench.sizing.walls import first, walls
from bench.testbed import ROOT

ONE = Audio(
    worker=1000,
    listening=500,
    tap=1000,
    heard=200,
    listener=300,
    redis_worker=100,
    redis_tap=150,
    redis_heard=60,
    replica_tap=0,
    tap_in=18_000,
    tap_out=400,
    heard_in=5_000,
    heard_out=19_000,
    listener_wire=16_000,
    tap_memory=40_000,
    listener_memory=50_000,
)
CLUSTER = dataclasses.replace(ONE, worker=2000, redis_worker=300, redis_tap=180, replica_tap=90)
LISTS = Lists(Line(100, 10), Line(50, 1), Line(0, 300), 250, 100_000)
COSTS = Costs(
    one=ONE,
    cluster=CLUSTER,
    everything=LISTS,
    team=Lists(Line(200, 20), Line(50, 0.5), Line(0, 300), 250, 100_000),
    rtp_process=2000,
    rtp_tap=1200,
    rtp_memory=25_000,
    rtp_idle_memory=10_000,
    rtp_base_memory=60e6,
    idle_tap=10,
    idle_memory=30_000,
    tap_begins=3000,
    worker_memory=80e6,
    frame_memory=1000,
    node_taps=4000,
    node_share=0.8,
    pump_share=0.9,
)


def with_costs(**changes: Any) -> Costs:
    return dataclasses.replace(COSTS, **changes)


def test_a_worker_uses_what_its_sockets_use_and_reads_the_levels_of_the_whole_floor() -> None:
    floor = Floor(taps=400, heard=100, consoles=20)
    used = worker_cpu(COSTS, ONE, floor, taps=200, heard=50, consoles=11)
    audio = 1000 + 200 * 1000 + 50 * (200 + 300)
    assert used == audio + (100 + 10 * 400) + 11 * (50 + 400)


def test_a_worker_without_consoles_reads_no_levels() -> None:
    floor = Floor(taps=400, heard=0, consoles=20)
    assert worker_cpu(COSTS, ONE, floor, taps=0, heard=0, consoles=0) == 500


def test_redis_uses_what_its_connections_the_taps_and_those_that_are_heard_use() -> None:
    assert redis_cpu(ONE, Floor(400, 100, 0), processes=3) == 300 + 400 * 150 + 100 * 60


def test_no_worker_is_fuller_than_the_headroom_and_one_less_would_be() -> None:
    floor = Floor(taps=2000, heard=600, consoles=200)
    found = needs(COSTS, floor)
    assert found is not None
    share = found.web_cores / found.web_workers
    assert share <= model.HEADROOM
    fewer = found.web_cores / (found.web_workers - 1)
    assert fewer > model.HEADROOM


def test_a_floor_without_listeners_and_consoles_needs_what_its_taps_need() -> None:
    found = needs(with_costs(tap_begins=0), Floor(taps=100, heard=0, consoles=0))
    assert found is not None
    assert found.web_cores == pytest.approx(0.101)
    assert (found.pages_out, found.redis_out) == (0, 100 * 400)


def test_taps_by_rtp_are_in_processes_of_their_own() -> None:
    found = needs(with_costs(tap_begins=0), Floor(taps=1000, heard=0, consoles=0, by_rtp=1000))
    assert found is not None
    assert (found.web_workers, found.rtp_processes) == (1, 3)
    assert found.rtp_cores == pytest.approx((1000 * 1200 + 3 * 2000) / 1e6)


def test_one_server_of_redis_is_enough_until_it_is_over_the_headroom() -> None:
    small, large = (needs(COSTS, Floor(taps, 0, 0)) for taps in (3900, 4100))
    assert small is not None
    assert large is not None
    assert (small.nodes, large.nodes) == (1, 3)
    assert large.redis_cores == pytest.approx(
        (4100 * 180 + large.web_workers * 300) / 1e6, rel=1e-6
    )


def test_each_further_node_costs_a_connection_of_each_process() -> None:
    found = needs(COSTS, Floor(taps=20_000, heard=0, consoles=0))
    assert found is not None
    assert found.nodes > 3
    each = found.web_workers * 300 / 3
    assert found.redis_cores == pytest.approx((20_000 * 180 + found.nodes * each) / 1e6)
    assert found.redis_cores / found.nodes <= model.HEADROOM


def test_a_floor_whose_levels_fill_a_core_of_each_worker_cannot_be_served() -> None:
    costs = with_costs(cluster=ONE)
    assert needs(costs, Floor(taps=59_000, heard=0, consoles=1)) is not None
    assert needs(costs, Floor(taps=60_000, heard=0, consoles=1)) is None


def test_consoles_of_teams_cost_what_those_of_teams_did() -> None:
    floor = Floor(taps=1000, heard=0, consoles=2, team=50)
    used = worker_cpu(COSTS, ONE, floor, taps=0, heard=0, consoles=2)
    assert used == 500 + (200 + 20 * 1000) + 2 * (50 + 0.5 * 1000)


def test_the_rings_of_calls_that_have_ended_are_kept_for_a_while() -> None:
    found = needs(COSTS, Floor(taps=100, heard=0, consoles=0))
    assert found is not None
    assert found.redis_memory == pytest.approx(100 * 1.2 * 500 * 1000)


@pytest.mark.parametrize(("few", "many", "line"), [(30, 50, Line(10, 2)), (30, 20, Line(30, 0))])
def test_a_line_goes_through_two_points_and_never_falls(few: int, many: int, line: Line) -> None:
    assert Line.through((10, few), (20, many)) == line


def test_the_first_wall_comes_first_and_those_that_are_not_met_come_last() -> None:
    everything = dataclasses.replace(LISTS, console_wire=0)  # so that no page is sent too much
    found = [one.taps for one in walls(with_costs(everything=everything))]
    met = [taps for taps in found if taps]
    assert found == sorted(met) + [0] * (len(found) - len(met))
    assert 0 in found


def test_a_wall_is_the_first_number_of_taps_at_which_something_is_full() -> None:
    assert first(lambda floor: floor.taps >= 750) == 800
    assert first(lambda floor: False) == 0


def test_an_error_is_told_in_per_cent_of_what_was_measured() -> None:
    assert Checked("", "", predicted=12, measured=10, unit="").error == pytest.approx(20)


def test_costs_are_read_again_as_they_were_written() -> None:
    assert Costs.loads(COSTS.dumps()) == COSTS


def test_a_floor_that_cannot_be_served_has_no_figures_in_the_table() -> None:
    full = dataclasses.replace(LISTS, first=Line(0, 1000))
    lines = table.floors(with_costs(team=full))
    assert lines[2] == "| listeners, consoles | the rule | 30, 10 | 150, 50 | – | – | – |"


def test_the_tables_of_the_documentation_are_those_of_the_figures_that_are_kept() -> None:
    kept = json.loads(MEASURED.read_text())
    costs = Costs.loads(json.dumps(kept["costs"]))
    documented = (ROOT / "docs" / "operations.md").read_text()
    for lines in (
        table.floors(costs),
        table.wall_lines(costs),
        table.each(costs),
        table.checked(kept["checked"]),
    ):
        assert "\n".join(lines) in documented
