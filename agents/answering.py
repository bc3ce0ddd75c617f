"""Has tools of a skill answer with a sentence, whatever happens in them."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import close_old_connections
from signalwire import FunctionResult
from signalwire.core.skill_base import SkillBase

from agents.call_data import text
from monitor.services import taps

logger = logging.getLogger(__name__)

SORRY = "Monitoring is not available right now. Carry on with the call."

Skill = TypeVar("Skill", bound=SkillBase)
Tool = Callable[[Skill, dict[str, Any], dict[str, Any]], FunctionResult]


def answering(tool: Tool[Skill]) -> Tool[Skill]:
    """Return the tool, made to answer with a sentence whatever happens.

    The SDK runs a tool in a thread that outlives the request. Old database connections are
    therefore closed here, as Django does before and after a request.
    """

    @functools.wraps(tool)
    def answer(skill: Skill, args: dict[str, Any], raw_data: dict[str, Any]) -> FunctionResult:
        close_old_connections()
        try:
            _record_source(raw_data or {})
            return tool(skill, args or {}, raw_data or {})
        except Exception:
            logger.exception("%s failed", tool.__name__)
            return FunctionResult(SORRY)
        finally:
            close_old_connections()

    return answer


def _record_source(raw_data: dict[str, Any]) -> None:
    """Record the address that SignalWire says it sends an RTP tap from.

    SignalWire sets it after the tap verb, so the next tool call of the call is the first to
    contain it.
    """
    said = raw_data.get("SWMLVars")
    call_id, control_id = text(raw_data, "call_id"), text(said, "tap_control_id")
    if not (isinstance(said, dict) and call_id and control_id and said.get("tap_rtp_src_addr")):
        return
    try:
        taps.set_rtp_source(
            call_id, control_id, said["tap_rtp_src_addr"], said.get("tap_rtp_src_port")
        )
    except Exception:  # the tool works without it
        logger.exception("the address of a tap's sender was not recorded")
