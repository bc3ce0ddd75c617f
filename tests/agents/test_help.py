"""An agent asks for help: supervisors are shown why, and can hear the call."""

from __future__ import annotations

from typing import Any

import pytest
from signalwire import AgentBase

from agents import answering, monitoring
from monitor.models import CallMark, Tap, TapState
from monitor.services import taps
from tests.support.agents import raw_data, use, verb_of

# Tools close old connections, which would end a transaction around the test.
pytestmark = pytest.mark.django_db(transaction=True)


def ask(agent: AgentBase, **body: Any) -> dict[str, Any]:
    return use(agent, "ask_for_help", raw_data(**body), reason="the caller is upset")


def test_help_is_asked_for_with_the_agents_reason(agent: AgentBase) -> None:
    use(agent, "start_monitoring", raw_data())
    assert ask(agent) == {"response": monitoring.ASKED}
    mark = CallMark.objects.get()
    assert (mark.kind, mark.leg, mark.severity) == ("help", "", 100)
    assert (mark.call.call_id, mark.note) == ("call-1", "the caller is upset")


def test_a_call_that_nobody_could_hear_is_tapped(agent: AgentBase) -> None:
    answer = ask(agent)
    tap = Tap.objects.get()
    verb = verb_of(answer, "tap")
    assert answer["response"] == monitoring.ASKED
    assert (verb["control_id"], verb["direction"]) == (tap.control_id, "both")
    assert tap.reason == "the caller is upset"
    assert CallMark.objects.get().call == tap.call


@pytest.mark.parametrize("direction", ["speak", "listen", "both"])
def test_a_call_that_is_tapped_in_any_direction_is_not_tapped_again(
    agent: AgentBase, direction: str
) -> None:
    use(agent, "start_monitoring", raw_data(), direction=direction)
    ask(agent)
    assert Tap.objects.count() == 1


def test_a_call_whose_tap_has_ended_is_tapped_again(agent: AgentBase) -> None:
    use(agent, "start_monitoring", raw_data())
    Tap.objects.update(state=TapState.FINISHED)
    verb_of(ask(agent), "tap")
    assert Tap.objects.count() == 2


def test_help_that_is_asked_for_twice_is_one_call_for_help(agent: AgentBase) -> None:
    for _ in range(2):
        assert ask(agent)["response"] == monitoring.ASKED
    assert CallMark.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"conversation_type": "chat"}, monitoring.NO_AUDIO),
        ({"call_id": None}, monitoring.NO_CALL),
        ({"call_id": "x" * 256}, answering.SORRY),
    ],
)
def test_what_cannot_be_heard_is_answered(
    agent: AgentBase, body: dict[str, Any], answer: str
) -> None:
    assert ask(agent, **body) == {"response": answer}
    assert not CallMark.objects.exists()


def test_help_is_not_promised_where_no_tap_can_be_opened(
    agent: AgentBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_port(*args: Any, **options: Any) -> None:
        raise taps.NoPort("all are leased")

    monkeypatch.setattr(taps, "open_tap", no_port)
    assert ask(agent) == {"response": answering.SORRY}


def test_the_prompt_says_when_to_ask(agent: AgentBase) -> None:
    assert "ask_for_help" in str(agent.get_prompt())
