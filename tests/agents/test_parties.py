"""The monitoring skill taps the two sides of a call apart: what the platform is told to do."""

from __future__ import annotations

from typing import Any

import pytest
from signalwire import AgentBase

from agents import monitoring
from monitor.models import Call, Tap, TapState
from monitor.services import tap_urls, taps
from tests.support.agents import raw_data, use, verb_of, verbs_of

# Tools close old connections, which would end a transaction around the test.
pytestmark = pytest.mark.django_db(transaction=True)


def agent_with(**parameters: Any) -> AgentBase:
    agent = AgentBase(name="any agent", route="/agents/any")
    agent.add_skill("monitoring", parameters)
    return agent


@pytest.fixture
def apart() -> AgentBase:
    return agent_with(parties="apart")


def directions(answer: dict[str, Any]) -> list[str]:
    return [verb["direction"] for verb in verbs_of(answer, "tap")]


def test_each_side_has_a_tap_with_an_address_and_a_status_of_its_own(apart: AgentBase) -> None:
    verbs = verbs_of(use(apart, "start_monitoring", raw_data()), "tap")
    legs = list(Tap.objects.order_by("requested_at"))
    assert [leg.direction for leg in legs] == ["speak", "listen"]
    assert Call.objects.count() == 1
    for verb, leg in zip(verbs, legs, strict=True):
        assert verb["uri"] == tap_urls.media_uri(leg)
        assert verb["status_url"] == tap_urls.status_url(leg)
        assert verb["control_id"] == leg.control_id
        assert verb["direction"] == leg.direction
    assert len({verb["uri"] for verb in verbs} | {verb["status_url"] for verb in verbs}) == 4


def test_each_side_has_a_port_of_its_own_over_rtp() -> None:
    answer = use(agent_with(parties="apart", transport="rtp"), "start_monitoring", raw_data())
    assert len({verb["uri"] for verb in verbs_of(answer, "tap")}) == 2


def test_the_model_may_ask_for_it(agent: AgentBase) -> None:
    answer = use(agent, "start_monitoring", raw_data(), split=True)
    assert directions(answer) == ["speak", "listen"]


def test_the_model_may_ask_for_the_mix(apart: AgentBase) -> None:
    answer = use(apart, "start_monitoring", raw_data(), split=False)
    assert verb_of(answer, "tap")["direction"] == "both"


def test_a_single_side_is_not_split(apart: AgentBase) -> None:
    answer = use(apart, "start_monitoring", raw_data(), direction="speak")
    assert verb_of(answer, "tap")["direction"] == "speak"


def test_anything_but_true_and_false_opens_nothing_and_is_answered(agent: AgentBase) -> None:
    answer = use(agent, "start_monitoring", raw_data(), split="yes")
    assert answer == {"response": monitoring.NO_SPLIT}
    assert not Tap.objects.exists()


def test_asked_twice_starts_two_taps(apart: AgentBase) -> None:
    use(apart, "start_monitoring", raw_data())
    assert use(apart, "start_monitoring", raw_data()) == {"response": monitoring.ALREADY}
    assert Tap.objects.count() == 2


def test_a_side_that_is_tapped_already_is_left_as_it_is(apart: AgentBase) -> None:
    use(apart, "start_monitoring", raw_data(), direction="speak")
    answer = use(apart, "start_monitoring", raw_data())
    assert verb_of(answer, "tap")["direction"] == "listen"
    assert answer["response"] == monitoring.STARTED


def test_stop_monitoring_stops_both(apart: AgentBase) -> None:
    started = verbs_of(use(apart, "start_monitoring", raw_data()), "tap")
    stopped = verbs_of(use(apart, "stop_monitoring", raw_data()), "stop_tap")
    assert [one["control_id"] for one in stopped] == [one["control_id"] for one in started]


def test_where_one_cannot_be_opened_the_other_is_and_that_is_said(settings: Any) -> None:
    settings.RTP_PORTS = range(20000, 20001, 2)
    apart = agent_with(parties="apart", transport="rtp")
    answer = use(apart, "start_monitoring", raw_data())
    assert verb_of(answer, "tap")["direction"] == "speak"
    assert answer["response"] == monitoring.ONE_SIDE
    assert Tap.objects.get().state == TapState.REQUESTED


def test_an_error_in_one_leaves_the_other(
    apart: AgentBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_tap = taps.open_tap

    def fails_for_listen(call_id: str, **details: Any) -> taps.OpenedTap:
        if details["direction"] == "listen":
            raise RuntimeError("the database is away")
        return open_tap(call_id, **details)

    monkeypatch.setattr(taps, "open_tap", fails_for_listen)
    answer = use(apart, "start_monitoring", raw_data())
    assert verb_of(answer, "tap")["direction"] == "speak"
    assert answer["response"] == monitoring.ONE_SIDE


def test_help_opens_both_where_nobody_could_hear_the_call(apart: AgentBase) -> None:
    assert directions(use(apart, "ask_for_help", raw_data())) == ["speak", "listen"]


@pytest.mark.parametrize("direction", ["speak", "listen"])
def test_a_skill_that_taps_one_side_cannot_tap_both_apart(direction: str) -> None:
    with pytest.raises(ValueError, match="parties 'apart' needs the direction both"):
        agent_with(parties="apart", direction=direction)


def test_other_parties_are_refused_with_what_is_allowed() -> None:
    with pytest.raises(ValueError, match="parties 'split' is not one of together, apart"):
        agent_with(parties="split")
