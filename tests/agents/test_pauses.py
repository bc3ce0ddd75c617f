"""An agent keeps from everybody what is secret, and is told whether it may ask for it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from signalwire import AgentBase

from agents import monitoring
from monitor.models import Call, LedgerKind
from monitor.services import pauses, taps
from tests.support.agents import raw_data, use
from tests.support.ledger import entries

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def call() -> Call:
    """A call that is tapped."""
    return taps.open_tap("call-1").tap.call


def is_paused() -> bool:
    return Call.objects.get().pause is not None


def test_an_agent_pauses_and_resumes_its_call(agent: AgentBase, call: Call) -> None:
    assert use(agent, "pause_monitoring", raw_data()) == {"response": monitoring.PAUSED}
    assert is_paused()
    assert use(agent, "resume_monitoring", raw_data()) == {"response": monitoring.RESUMED}
    assert not is_paused()
    [paused] = entries(LedgerKind.PAUSED)
    assert paused.details == '{"agent": "any agent"}'


@pytest.mark.parametrize("body", [{}, raw_data(call_id="call-2")], ids=["no call", "another"])
def test_a_call_that_nobody_knows_is_heard_by_nobody(
    agent: AgentBase, call: Call, body: dict[str, Any]
) -> None:
    assert use(agent, "pause_monitoring", body) == {"response": monitoring.UNHEARD}
    assert use(agent, "resume_monitoring", body) == {"response": monitoring.STILL}
    assert not is_paused()


def test_the_pause_of_a_person_goes_on(agent: AgentBase, call: Call, alice: User) -> None:
    pauses.pause(alice, call.pk)
    assert use(agent, "resume_monitoring", raw_data()) == {"response": monitoring.STILL}
    assert is_paused()


def test_an_agent_whose_call_cannot_be_paused_must_not_ask(
    agent: AgentBase, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(call_id: str, agent: str) -> bool:
        raise RuntimeError("the database is away")

    monkeypatch.setattr(taps, "pause", fail)
    assert use(agent, "pause_monitoring", raw_data()) == {"response": monitoring.NOT_PAUSED}


def test_the_tools_are_offered_with_the_rule_when_to_use_them(agent: AgentBase) -> None:
    swml = str(agent.get_prompt()) + str(agent._render_swml())
    for tool in ("pause_monitoring", "resume_monitoring"):
        assert tool in swml
