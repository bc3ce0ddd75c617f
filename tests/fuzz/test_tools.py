"""Whatever SignalWire posts to an agent's tools is answered in words, and opens no strange tap."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signalwire import AgentBase

import agents.monitoring
from monitor.models import Tap
from monitor.wire.text import UNSTORABLE
from tests.support.agents import raw_data
from tests.support.fuzz import JSON, TEXTS, examples, spoiled

# Tools close old connections, which would end a transaction around the test.
pytestmark = pytest.mark.django_db(transaction=True)

TOOLS = st.sampled_from(["start_monitoring", "ask_for_help", "stop_monitoring"])
VARIABLES = {"tap_control_id": "tap-1", "tap_rtp_src_addr": "203.0.113.9", "tap_rtp_src_port": 4}
POSTED = raw_data(SWMLVars=VARIABLES, global_data={"caller_id_name": "Ada Ash"})
ARGUMENTS = {"direction": "both", "split": True, "transport": "ws", "reason": "asked"}


@pytest.fixture(scope="module")
def agent() -> AgentBase:
    agent = AgentBase(name="any agent", route="/agents/any")
    agent.add_skill("monitoring")
    return agent


def is_call_id(text: str) -> bool:
    return len(text) <= 255 and not UNSTORABLE.search(text)


@examples(150)
@given(
    tool=TOOLS,
    body=spoiled(POSTED) | st.dictionaries(TEXTS, JSON, max_size=3),
    arguments=spoiled(ARGUMENTS) | st.dictionaries(TEXTS, JSON, max_size=3),
)
def test_a_tool_called_with_anything(
    agent: AgentBase, tool: str, body: dict[str, Any], arguments: dict[str, Any]
) -> None:
    """A tool says SORRY after an error, which only a call ID that cannot be kept may cause."""
    said = agent.on_function_call(tool, arguments, body).to_dict()["response"]
    assert isinstance(said, str)
    assert said
    assert said != agents.answering.SORRY or not is_call_id(body["call_id"])
    for tap in Tap.objects.select_related("call"):
        assert (tap.call.agent, tap.state) == ("any agent", "requested")
        tap.call.delete()
