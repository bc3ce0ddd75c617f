"""Has SignalWire tell Earshot what is said in an agent's calls: live, and at the end.

SignalWire posts each of both to one URL only, so what the agent itself has set is kept.
"""

from __future__ import annotations

import logging

from signalwire import AgentBase

from agents.parameters import Level
from monitor.services import event_urls

logger = logging.getLogger(__name__)

#: Without a post-prompt SignalWire posts nothing when a call is over.
POST_PROMPT = "Summarize the call in one or two sentences."

DEBUG_URL = "debug_webhook_url"


def post_words(agent: AgentBase, name: str, level: Level) -> None:
    """Set both URLs on an agent whose calls are known by that name."""
    if agent._params.get(DEBUG_URL) or agent._debug_events_enabled:
        logger.warning(_KEPT, name, "debug webhook", "what is said shows only after a call")
    else:
        agent.set_params({DEBUG_URL: event_urls.url("events", name), "debug_webhook_level": level})
    if agent.get_post_prompt() or agent._post_prompt_url_override:
        logger.warning(_KEPT, name, "post-prompt", "what is said is known only as it came live")
    else:
        agent.set_post_prompt(POST_PROMPT)
        agent.set_post_prompt_url(event_urls.url("summary", name))


def leave_own_post_prompt(agent: AgentBase) -> None:
    """Give an agent that set a post-prompt after it got the skill its own URL for it back.

    The SDK would post that agent's summary to us.
    """
    ours = event_urls.url("summary", "").rpartition("/calls/")[0]
    url = agent._post_prompt_url_override or ""
    if agent.get_post_prompt() != POST_PROMPT and url.startswith(f"{ours}/calls/"):
        agent.set_post_prompt_url("")
        logger.warning(_KEPT, agent.name, "post-prompt", "what is said is known only as it came")


_KEPT = "agent %s has a %s of its own, which is kept: %s"
