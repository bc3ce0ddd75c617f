"""The ``monitoring`` skill: an agent starts and stops taps on its own calls.

    import agents.monitoring

    agent.add_skill("monitoring", {"direction": "both"})

A tool must never raise: the SDK would read the exception's text to the caller.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, Literal, TypeVar

from django.db import close_old_connections
from signalwire import FunctionResult
from signalwire.core.skill_base import SkillBase
from signalwire.skills.registry import skill_registry

from monitor import taps

logger = logging.getLogger(__name__)

Direction = Literal["both", "speak", "listen"]
Codec = Literal["PCMU", "PCMA"]
Transport = Literal["ws", "rtp"]
Choice = TypeVar("Choice", bound=str)
Tool = Callable[["MonitoringSkill", dict[str, Any], dict[str, Any]], FunctionResult]

#: ``hear`` is SignalWire's older word, which today's platform refuses.
DIRECTIONS: dict[str, Direction] = {
    "both": "both",
    "speak": "speak",
    "listen": "listen",
    "hear": "listen",
}
CODECS: dict[str, Codec] = {"PCMU": "PCMU", "PCMA": "PCMA"}
TRANSPORTS: dict[str, Transport] = {"ws": "ws", "rtp": "rtp"}
PTIME = 20  # milliseconds of audio in an RTP packet; SignalWire knows 10 to 120 in tens
PTIMES = range(10, 121, 10)

STARTED = "Monitoring has started. Carry on with the call."
STOPPED = "Monitoring has stopped. Carry on with the call."
ALREADY = "This call is already being monitored. Carry on with the call."
NOT_MONITORED = "This call is not being monitored, so there is nothing to stop."
NO_AUDIO = "This is a text chat: it has no audio that could be monitored."
NO_CALL = "Monitoring works only during a phone call."
NO_TRANSPORT = "Monitoring was not started: transport is ws or rtp."
NO_DIRECTION = "Monitoring was not started: direction is speak, listen or both."
SORRY = "Monitoring is not available right now. Carry on with the call."


def _answering(tool: Tool) -> Tool:
    """Make a tool answer a sentence whatever happens.

    The SDK runs it in a worker thread that outlives the request, so database
    connections are looked after here, as Django does around a request.
    """

    @functools.wraps(tool)
    def answer(
        skill: MonitoringSkill, args: dict[str, Any], raw_data: dict[str, Any]
    ) -> FunctionResult:
        close_old_connections()
        try:
            _tell_source(raw_data or {})
            return tool(skill, args or {}, raw_data or {})
        except Exception:
            logger.exception("%s failed", tool.__name__)
            return FunctionResult(SORRY)
        finally:
            close_old_connections()

    return answer


class MonitoringSkill(SkillBase):
    """Gives an agent ``start_monitoring`` and ``stop_monitoring``."""

    SKILL_NAME = "monitoring"
    SKILL_DESCRIPTION = "Let supervisors hear a call live, and stop it again"

    def setup(self) -> bool:
        """Read the parameters. Raises ValueError, naming what is allowed."""
        self._direction = _one_of("direction", self.params.get("direction", "both"), DIRECTIONS)
        self._codec = _one_of("codec", self.params.get("codec", "PCMU"), CODECS)
        self._transport = _one_of("transport", self.params.get("transport", "ws"), TRANSPORTS)
        self._rtp_ptime = _ptime(self.params.get("rtp_ptime", PTIME))
        self._agent_name = str(self.params.get("agent_name") or self.agent.name)
        return True

    def register_tools(self) -> None:
        self.define_tool(
            name="start_monitoring",
            description=(
                "Let a supervisor hear this call live. Use it at the start of the call, or when "
                "the caller asks for a supervisor, is upset, or agrees to be monitored. It runs "
                "in the background: the conversation goes on. Not needed twice in one call."
            ),
            parameters={
                "direction": {
                    "type": "string",
                    "enum": ["speak", "listen", "both"],
                    "description": (
                        "What the supervisor hears: speak is the caller only, listen is what the "
                        f"caller hears, both is the whole conversation. Default: {self._direction}."
                    ),
                },
                "reason": {
                    "type": "string",
                    "description": "Why, in a few words, for the supervisor to read. No names.",
                },
            },
            handler=self.start_monitoring,
        )
        self.define_tool(
            name="stop_monitoring",
            description=(
                "Stop letting supervisors hear this call, all of them. Use it when the caller asks "
                "not to be monitored any more."
            ),
            parameters={},
            handler=self.stop_monitoring,
        )

    @_answering
    def start_monitoring(self, args: dict[str, Any], raw_data: dict[str, Any]) -> FunctionResult:
        """Open a tap and have SignalWire start it."""
        if raw_data.get("conversation_type") == "chat":
            return FunctionResult(NO_AUDIO)
        call_id = _text(raw_data, "call_id")
        if not call_id:
            return FunctionResult(NO_CALL)
        direction = DIRECTIONS.get(str(args.get("direction") or self._direction))
        if direction is None:
            return FunctionResult(NO_DIRECTION)
        # Not offered to the model: it is for whoever tests the other transport.
        transport = TRANSPORTS.get(str(args.get("transport") or self._transport))
        if transport is None:
            return FunctionResult(NO_TRANSPORT)
        number, name = _caller(raw_data)
        try:
            opened = taps.open_tap(
                call_id,
                agent=self._agent_name,
                direction=direction,
                codec=self._codec,
                transport=transport,
                reason=_text(args, "reason"),
                caller=number,
                caller_name=name,
                project_id=_text(raw_data, "project_id"),
            )
        except taps.AlreadyTapped:
            return FunctionResult(ALREADY)
        except (taps.NoPort, ValueError) as error:
            logger.warning("monitoring was not started: %s", error)
            return FunctionResult(SORRY)
        # The direction is always said: the platform's own default is speak.
        return FunctionResult(STARTED).tap(
            opened.uri,
            control_id=opened.tap.control_id,
            direction=direction,
            codec=self._codec,
            rtp_ptime=self._rtp_ptime,
            status_url=opened.status_url,
        )

    @_answering
    def stop_monitoring(self, args: dict[str, Any], raw_data: dict[str, Any]) -> FunctionResult:
        """Have SignalWire stop every tap of this call: none may be forgotten, for the caller is
        told that nobody listens any more."""
        call_id = _text(raw_data, "call_id")
        stopped = taps.stop_taps(call_id) if call_id else []
        if not stopped:
            return FunctionResult(NOT_MONITORED)
        answer = FunctionResult(STOPPED)
        for tap in stopped:
            answer.stop_tap(tap.control_id)
        return answer

    def _get_prompt_sections(self) -> list[dict[str, Any]]:
        return [
            {
                "title": "Monitoring",
                "body": "A supervisor can hear this call.",
                "bullets": [
                    "start_monitoring lets a supervisor hear the call, stop_monitoring ends that.",
                    "If the caller objects to being monitored, use stop_monitoring at once.",
                    "Never say identifiers, addresses or technical details of monitoring.",
                ],
            }
        ]

    @classmethod
    def get_parameter_schema(cls) -> dict[str, dict[str, Any]]:
        """The skill's parameters beside the SDK's common ones."""
        return {
            **super().get_parameter_schema(),
            "direction": {
                "type": "string",
                "description": "What is tapped if the agent does not say: both sides of the call, "
                "what the party says (speak), or what the party hears (listen)",
                "enum": ["both", "speak", "listen"],
                "default": "both",
                "required": False,
            },
            "codec": {
                "type": "string",
                "description": "Codec of the tapped audio",
                "enum": ["PCMU", "PCMA"],
                "default": "PCMU",
                "required": False,
            },
            "transport": {
                "type": "string",
                "description": "How SignalWire sends the audio: over a WebSocket, or as RTP to "
                "a port that manage.py rtptaps receives on",
                "enum": ["ws", "rtp"],
                "default": "ws",
                "required": False,
            },
            "rtp_ptime": {
                "type": "integer",
                "description": "Milliseconds of audio in an RTP packet, 10 to 120 in tens",
                "default": PTIME,
                "required": False,
            },
            "agent_name": {
                "type": "string",
                "description": "Name that supervisors see; the agent's own unless given",
                "required": False,
            },
        }


def _one_of(name: str, value: object, allowed: dict[str, Choice]) -> Choice:
    found = allowed.get(value) if isinstance(value, str) else None
    if found is None:
        choices = ", ".join(dict.fromkeys(allowed.values()))
        raise ValueError(f"monitoring: {name} {value!r} is not one of {choices}")
    return found


def _ptime(value: object) -> int:
    if type(value) is not int or value not in PTIMES:
        raise ValueError(f"monitoring: rtp_ptime {value!r} is not one of 10, 20, … 120")
    return value


def _text(source: object, *keys: str) -> str:
    """The first of these fields that holds text, or nothing."""
    if isinstance(source, dict):
        for key in keys:
            value = source.get(key)
            if value and isinstance(value, str):
                return value
    return ""


def _tell_source(raw_data: dict[str, Any]) -> None:
    """Pass on where an RTP tap comes from: SignalWire sets it after the tap verb, so
    the call's next tool call is the first to bring it."""
    said = raw_data.get("SWMLVars")
    call_id, control_id = _text(raw_data, "call_id"), _text(said, "tap_control_id")
    if not (isinstance(said, dict) and call_id and control_id and said.get("tap_rtp_src_addr")):
        return
    try:
        taps.source_told(
            call_id, control_id, said["tap_rtp_src_addr"], said.get("tap_rtp_src_port")
        )
    except Exception:  # it only helps to know the sender: the tool goes on without
        logger.exception("a tap's sender was not kept")


def _caller(raw_data: dict[str, Any]) -> tuple[str, str]:
    """The caller's number and name, as far as SignalWire tells: both are optional,
    and Bedrock agents call them otherwise."""
    session = raw_data.get("global_data")
    number = _text(raw_data, "caller_id_num", "caller_id_number")
    name = _text(raw_data, "caller_id_name", "caller_id")
    return (
        number or _text(session, "caller_id_number", "caller_id_num"),
        name or _text(session, "caller_id_name"),
    )


skill_registry.register_skill(MonitoringSkill)
