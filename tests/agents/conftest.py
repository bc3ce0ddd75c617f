"""An agent that has the skill."""

from __future__ import annotations

import pytest
from signalwire import AgentBase

import agents.monitoring  # noqa: F401  registers the skill


@pytest.fixture
def agent() -> AgentBase:
    """Any agent, with the skill added as its documentation says."""
    agent = AgentBase(name="any agent", route="/agents/any")
    agent.add_skill("monitoring")
    return agent
