"""An agent that has the skill, and a server that mounts the agents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from signalwire import AgentBase

import agents.monitoring  # noqa: F401  registers the skill
from tests.servers import Server


@pytest.fixture
def agent() -> AgentBase:
    """Any agent, with the skill added as its documentation says."""
    agent = AgentBase(name="any agent", route="/agents/any")
    agent.add_skill("monitoring")
    return agent


@pytest.fixture(scope="session")
def _agents_server(django_db_setup: Any) -> Iterator[Server]:
    with Server(app="agents.asgi:application") as server:
        yield server


@pytest.fixture
def agents_server(_agents_server: Server, transactional_db: Any) -> Server:
    """Daphne as script/server starts it, with the agents mounted."""
    return _agents_server
