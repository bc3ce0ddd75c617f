"""The skill has SignalWire tell what is said, and carries what an agent has set itself."""

from __future__ import annotations

import json
import logging
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from pytest_django import Settings
from signalwire import AgentBase

from agents.words import POST_PROMPT
from monitor.services import event_urls, sealing
from tests.support.agents import SCHEMA

OWN = "https://own:s3cret@desk.example/own?key=1"


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
    return told_in(url).agent


def own_in(url: str) -> str:
    """Return the agent's own URL that is sealed in ours, and cannot be read there."""
    assert "s3cret" not in url
    return told_in(url).own_url


def told_in(url: str) -> event_urls.Told:
    _, token, purpose = urlsplit(url).path.strip("/").split("/")
    assert purpose in ("events", "summary")
    told = event_urls.read(purpose, token)  # type: ignore[arg-type]  # checked above
    assert told
    return told


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


def bare() -> AgentBase:
    return AgentBase(name="any agent", route="/agents/any")


def test_an_agent_without_urls_of_its_own_has_none_in_ours() -> None:
    ai = ai_of(made())
    assert own_in(ai["params"]["debug_webhook_url"]) == own_in(ai["post_prompt_url"]) == ""


@pytest.mark.parametrize("skill_first", [True, False])
def test_an_agents_own_urls_are_carried_in_ours_whenever_it_sets_them(skill_first: bool) -> None:
    agent = bare()
    if skill_first:
        agent.add_skill("monitoring")
    agent.set_params({"debug_webhook_url": OWN, "debug_webhook_level": 1, "ai_volume": 3})
    agent.set_post_prompt("Return JSON.")
    agent.set_post_prompt_url(f"{OWN}&end")
    if not skill_first:
        agent.add_skill("monitoring")
    for _ in range(2):  # each call has SWML of its own
        ai = ai_of(agent)
        assert own_in(ai["params"]["debug_webhook_url"]) == OWN
        assert own_in(ai["post_prompt_url"]) == f"{OWN}&end"
        assert ai["post_prompt"] == {"text": "Return JSON."}
        assert ai["params"]["ai_volume"] == 3
    assert agent._params["debug_webhook_url"] == OWN


@pytest.mark.parametrize(("own", "ours", "told"), [(1, 2, 2), (2, 1, 2), ("%{vars.x}", 1, 1)])
def test_as_much_is_told_as_the_one_of_both_wants_that_wants_more(
    own: Any, ours: int, told: int
) -> None:
    agent = bare()
    agent.set_params({"debug_webhook_url": OWN, "debug_webhook_level": own})
    agent.add_skill("monitoring", {"level": ours})
    assert ai_of(agent)["params"]["debug_webhook_level"] == told


def test_the_urls_of_the_sdks_own_handlers_are_carried_with_their_tokens() -> None:
    agent = made()
    agent.enable_debug_events()
    agent.set_post_prompt("Return JSON.")
    ai = ai_of(agent)
    host = "http://signalwire:only-for-tests@127.0.0.1:8000/agents/any"
    assert own_in(ai["params"]["debug_webhook_url"]) == f"{host}/debug_events/"
    assert own_in(ai["post_prompt_url"]).startswith(f"{host}/post_prompt/?__token=")


def test_what_an_agent_sets_for_one_call_only_is_carried_in_that_call_only() -> None:
    agent = made()
    agent.set_dynamic_config_callback(
        lambda query, body, headers, one: one.set_params({"debug_webhook_url": OWN})
    )
    swml = agent._render_swml("call-1", agent.on_swml_request())
    (url,) = re.findall(r'"debug_webhook_url": ?"([^"]+)"', swml)
    assert own_in(url) == OWN
    assert "debug_webhook_url" not in agent._params


def test_an_agent_that_gets_the_skill_for_one_call_only_tells_of_it() -> None:
    agent = bare()
    agent.set_dynamic_config_callback(lambda query, body, headers, one: one.add_skill("monitoring"))
    assert "/calls/" in agent._render_swml("call-1", agent.on_swml_request())
    assert "/calls/" not in agent._render_swml("call-1")


@pytest.mark.parametrize(
    "own",
    [
        "https://desk.example/${call.call_id}",
        "https://desk.example/%{call.call_id}",
        "ftp://desk.example/",
        "https:///nowhere",
        "https://desk.example:port/",
        "https://desk.example/" + 2000 * "x",
    ],
)
def test_a_url_that_cannot_be_carried_is_left_to_the_agent_and_said(
    own: str, caplog: pytest.LogCaptureFixture
) -> None:
    agent = made()
    agent.set_params({"debug_webhook_url": own})
    agent.set_post_prompt("Return JSON.")
    agent.set_post_prompt_url(own)
    with caplog.at_level(logging.WARNING):
        ai = ai_of(agent)
    assert (ai["params"], ai["post_prompt_url"]) == ({"debug_webhook_url": own}, own)
    assert "agent any agent has a debug webhook that cannot be passed on to" in caplog.text
    assert "agent any agent has a post-prompt URL that cannot be passed on to" in caplog.text
    assert own not in caplog.text


def test_an_older_secret_key_opens_what_it_has_sealed(settings: Settings) -> None:
    url = event_urls.url("events", "any agent", OWN)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another " * 10
    assert own_in(url) == OWN
    assert own_in(event_urls.url("events", "any agent", OWN)) == OWN


def test_what_was_not_sealed_here_opens_nothing() -> None:
    assert sealing.unseal("no-such-box") is None
    assert sealing.unseal("") is None
