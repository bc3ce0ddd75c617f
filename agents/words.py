"""Has SignalWire tell Earshot what is said in an agent's calls: live, and at the end.

SignalWire posts each of both to one URL only. An agent's own URLs, those of the SDK's handlers
among them, are sealed in ours, and the server passes on to them what it gets.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from signalwire import AgentBase
from signalwire.core.swml_service import SWMLService

from agents.parameters import Level
from monitor.services import event_urls

logger = logging.getLogger(__name__)

#: Without a post-prompt SignalWire posts nothing when a call is over.
POST_PROMPT = "Summarize the call in one or two sentences."

DEBUG_URL, DEBUG_LEVEL = "debug_webhook_url", "debug_webhook_level"
SUMMARY_URL = "post_prompt_url"

#: The attribute of an agent that is to tell. The SDK's copies of an agent for one call have it too.
TELLS = "_earshot_tells"


@dataclass(frozen=True, slots=True)
class Tells:
    """Under which name an agent's calls are told of, and how much is told live."""

    name: str
    level: Level

    def in_ai(self, config: dict[str, Any]) -> dict[str, Any]:
        """Return what an ``ai`` verb is configured with, with our URLs in the place of its own."""
        return {**config, "params": self._params(config.get("params") or {}), **self._end(config)}

    def _params(self, params: dict[str, Any]) -> dict[str, Any]:
        own, own_level = params.get(DEBUG_URL) or "", params.get(DEBUG_LEVEL)
        if own and not self._can_carry(own, "debug webhook"):
            return params
        told = max(self.level, own_level) if own and type(own_level) is int else self.level
        return {**params, DEBUG_URL: self._url("events", own), DEBUG_LEVEL: told}

    def _end(self, config: dict[str, Any]) -> dict[str, Any]:
        own = config.get(SUMMARY_URL) or ""
        if own and not self._can_carry(own, "post-prompt URL"):
            return {}
        prompt = config.get("post_prompt") or {"text": POST_PROMPT}
        return {"post_prompt": prompt, SUMMARY_URL: self._url("summary", own)}

    def _url(self, purpose: event_urls.Purpose, own: str) -> str:
        return event_urls.url(purpose, self.name, own)

    def _can_carry(self, own: str, what: str) -> bool:
        if event_urls.can_carry(own):
            return True
        logger.warning(
            "agent %s has a %s that cannot be passed on to, because it is not http(s), is too "
            "long or has a variable: SignalWire posts to it, and not to Earshot",
            self.name,
            what,
        )
        return False


def post_words(agent: AgentBase, name: str, level: Level) -> None:
    """Have the agent's SWML tell SignalWire where to post what is said in its calls."""
    setattr(agent, TELLS, Tells(name, level))


def _add_verb(self: AgentBase, verb_name: str, config: dict[str, Any] | int) -> bool:
    """Add a verb to an agent's SWML, as the SDK does.

    The ``ai`` verb comes here when it is complete: with all that the agent has set, before it got
    the skill or after, and for this call only; and with the URLs of the SDK's own handlers, which
    the SDK makes for each call. It offers no other place to see them.
    """
    tells = getattr(self, TELLS, None)
    if tells and verb_name == "ai" and isinstance(config, dict):
        config = tells.in_ai(config)
    return SWMLService.add_verb(self, verb_name, config)


AgentBase.add_verb = _add_verb  # type: ignore[method-assign]
