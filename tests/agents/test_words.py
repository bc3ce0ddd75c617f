"""The skill has SignalWire tell what is said, and keeps what an agent has set itself."""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import urlsplit

import pytest
from signalwire import AgentBase

from agents.words import POST_PROMPT, leave_own_post_prompt
from monitor.services import event_urls
from tests.support.agents import SCHEMA

OWN = "https://desk.example/own"


def made(**parameters: Any) -> AgentBase:
    agent = AgentBase(name="any agent", route="/agents/any")
    agent.add_skill("monitoring", parameters)
    return agent


def ai_of(agent: AgentBase) -> dict[str, Any]:
    """Return the agent's ``ai`` verb, which must be valid by the SDK's own schema."""
    document = json.loads(agent._render_swml("call-1"))
    assert SCHEMA.validate_document(document) == (True, [])
    (ai,) = [verb["ai"] for verb in document["sections"]["main"] if "ai" in verb]
    return dict(ai)


def agent_in(url: str) -> str | None:
    """Return which agent the token of a URL names."""
    _, token, purpose = urlsplit(url).path.strip("/").split("/")
    assert purpose in ("events", "summary")
    return event_urls.read(purpose, token)  # type: ignore[arg-type]  # checked above


def test_an_agents_swml_tells_signalwire_where_to_post() -> None:
    ai = ai_of(made())
    assert ai["params"]["debug_webhook_level"] == 2
    assert ai["post_prompt"] == {"text": POST_PROMPT}
    for url in (ai["params"]["debug_webhook_url"], ai["post_prompt_url"]):
        assert agent_in(url) == "any agent"
        assert urlsplit(url).netloc == "signalwire:only-for-tests@127.0.0.1:8000"


def test_the_name_that_supervisors_see_is_in_the_token() -> None:
    ai = ai_of(made(agent_name="front desk ☎"))
    assert agent_in(ai["post_prompt_url"]) == "front desk ☎"


def test_the_level_is_the_skills() -> None:
    assert ai_of(made(level=1))["params"]["debug_webhook_level"] == 1


def test_without_words_nothing_is_asked_for() -> None:
    ai = ai_of(made(words=False))
    assert "debug_webhook_url" not in ai.get("params", {})
    assert "post_prompt" not in ai


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"words": "yes"}, "monitoring: words 'yes' is not true or false"),
        ({"level": 3}, "monitoring: level 3 is not one of 1, 2"),
        ({"level": True}, "monitoring: level True is not one of 1, 2"),
    ],
)
def test_a_wrong_parameter_is_named(parameters: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        made(**parameters)


def test_an_agents_own_debug_webhook_is_kept_and_said(caplog: pytest.LogCaptureFixture) -> None:
    agent = AgentBase(name="any agent", route="/agents/any")
    agent.set_params({"debug_webhook_url": OWN, "debug_webhook_level": 1})
    with caplog.at_level(logging.WARNING):
        agent.add_skill("monitoring")
    ai = ai_of(agent)
    assert ai["params"] == {"debug_webhook_url": OWN, "debug_webhook_level": 1}
    assert agent_in(ai["post_prompt_url"]) == "any agent"
    assert "agent any agent has a debug webhook of its own, which is kept" in caplog.text


def test_an_agents_own_debug_events_are_kept() -> None:
    agent = AgentBase(name="any agent", route="/agents/any")
    agent.enable_debug_events()
    agent.add_skill("monitoring")
    assert "/agents/any/debug_events" in ai_of(agent)["params"]["debug_webhook_url"]


def test_an_agents_own_post_prompt_is_kept_and_said(caplog: pytest.LogCaptureFixture) -> None:
    agent = AgentBase(name="any agent", route="/agents/any")
    agent.set_post_prompt("Return JSON.")
    agent.set_post_prompt_url(OWN)
    with caplog.at_level(logging.WARNING):
        agent.add_skill("monitoring")
    ai = ai_of(agent)
    assert (ai["post_prompt"], ai["post_prompt_url"]) == ({"text": "Return JSON."}, OWN)
    assert "agent any agent has a post-prompt of its own, which is kept" in caplog.text


def test_what_an_agent_sets_after_the_skill_is_its_own_too() -> None:
    agent = made()
    agent.set_params({"debug_webhook_url": OWN})
    agent.set_post_prompt("Return JSON.")
    leave_own_post_prompt(agent)
    ai = ai_of(agent)
    assert ai["params"]["debug_webhook_url"] == OWN
    assert ai["post_prompt"] == {"text": "Return JSON."}
    assert "/agents/any/post_prompt" in ai["post_prompt_url"]


def test_an_agent_without_a_post_prompt_of_its_own_stays_as_the_skill_made_it() -> None:
    agent = made()
    leave_own_post_prompt(agent)
    assert agent_in(ai_of(agent)["post_prompt_url"]) == "any agent"
