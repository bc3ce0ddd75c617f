"""The ``monitoring`` skill: an agent starts, pauses and stops the monitoring of its own calls, and
asks for help.
SignalWire is also asked to tell what is said in them.

    import agents.monitoring

    agent.add_skill("monitoring", {"direction": "both"})

A tool must never raise, because the SDK would have the exception's text read to the caller.
"""

from __future__ import annotations

import logging
from typing import Any, get_args

from signalwire import FunctionResult
from signalwire.core.skill_base import SkillBase
from signalwire.skills.registry import skill_registry

from agents.answering import SORRY, answering
from agents.call_data import text
from agents.parameters import (
    CODECS,
    DIRECTIONS,
    LEVEL,
    NOTICES,
    PARTIES,
    PTIME,
    SCHEMA,
    TRANSPORTS,
    Direction,
    level,
    one_of,
    ptime,
    yes_or_no,
)
from agents.tap_opener import TapOpener, legs_of
from agents.words import post_words
from monitor.services import taps

logger = logging.getLogger(__name__)

STARTED = "Monitoring has started. Carry on with the call."
ONE_SIDE = "Monitoring has started, but of one side of the call only. Carry on with the call."
STOPPED = "Monitoring has stopped. Carry on with the call."
ASKED = "A supervisor has been asked to listen to this call. Carry on with the call."
ALREADY = "This call is already being monitored. Carry on with the call."
NOT_MONITORED = "This call is not being monitored, so there is nothing to stop."
PAUSED = (
    "Nobody hears or reads this call now. Ask for what is secret, and use resume_monitoring as "
    "soon as it has been said."
)
NOT_PAUSED = "The call could not be paused, and may be heard. Do not ask for anything secret now."
UNHEARD = "This call is not being monitored, so nobody hears it. Carry on with the call."
RESUMED = "The pause has ended. Carry on with the call."
STILL = "There is no pause of yours to end. Carry on with the call."
NO_AUDIO = "This is a text chat: it has no audio that could be monitored."
NO_CALL = "Monitoring works only during a phone call."
NO_TRANSPORT = "Monitoring was not started: transport is ws or rtp."
NO_DIRECTION = "Monitoring was not started: direction is speak, listen or both."
NO_SPLIT = "Monitoring was not started: split is true or false."


class MonitoringSkill(SkillBase):
    """Gives an agent ``start_monitoring``, ``ask_for_help``, ``pause_monitoring``,
    ``resume_monitoring`` and ``stop_monitoring``."""

    SKILL_NAME = "monitoring"
    SKILL_DESCRIPTION = "Let supervisors hear a call live, and stop it again"

    def setup(self) -> bool:
        """Read the parameters. Raises ValueError, which names what is allowed."""
        self._direction = one_of("direction", self.params.get("direction", "both"), DIRECTIONS)
        parties = one_of("parties", self.params.get("parties", "together"), PARTIES)
        self._apart = parties == "apart"
        if self._apart and self._direction != "both":
            raise ValueError("monitoring: parties 'apart' needs the direction both")
        self._transport = one_of("transport", self.params.get("transport", "ws"), TRANSPORTS)
        name = str(self.params.get("agent_name") or self.agent.name)
        self._opener = TapOpener(
            name,
            one_of("codec", self.params.get("codec", "PCMU"), CODECS),
            ptime(self.params.get("rtp_ptime", PTIME)),
            one_of("notice", self.params.get("notice", ""), NOTICES),
        )
        words = yes_or_no("words", self.params.get("words", True))
        told = level(self.params.get("level", LEVEL))
        if words:
            post_words(self.agent, name, told)
        return True

    def register_tools(self) -> None:
        """Offer the tools to the model, with the words by which it chooses them."""
        self._define_start()
        self._define_help()
        self._define_pause()
        self.define_tool(
            name="stop_monitoring",
            description=(
                "Stop letting supervisors hear this call, all of them. Use it when the caller asks "
                "not to be monitored any more."
            ),
            parameters={},
            handler=self.stop_monitoring,
        )

    def _define_start(self) -> None:
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
                    "enum": list(get_args(Direction)),
                    "description": (
                        "What the supervisor hears: speak is the caller only, listen is what the "
                        f"caller hears, both is the whole conversation. Default: {self._direction}."
                    ),
                },
                "split": {
                    "type": "boolean",
                    "description": (
                        "Whether the supervisor hears the two sides of the whole conversation "
                        f"apart, one in each ear. Default: {str(self._apart).lower()}."
                    ),
                },
                "reason": {
                    "type": "string",
                    "description": "Why, in a few words, for the supervisor to read. No names.",
                },
            },
            handler=self.start_monitoring,
        )

    def _define_help(self) -> None:
        self.define_tool(
            name="ask_for_help",
            description=(
                "Show supervisors that this call needs one of them to listen. Use it when you "
                "cannot help the caller, or the caller is angry or in danger. It starts monitoring "
                "by itself, and runs in the background. Nobody joins the conversation: do not "
                "promise that."
            ),
            parameters={
                "reason": {
                    "type": "string",
                    "description": "What is wrong, in a few words, for the supervisor to read. "
                    "No names.",
                },
            },
            handler=self.ask_for_help,
        )

    def _define_pause(self) -> None:
        self.define_tool(
            name="pause_monitoring",
            description=(
                "Keep what is said from now on from supervisors and from all records. Use it "
                "before the caller says a card number, a password or another secret, and wait for "
                "its answer before you ask."
            ),
            parameters={},
            handler=self.pause_monitoring,
        )
        self.define_tool(
            name="resume_monitoring",
            description="End the pause, as soon as the secret has been said.",
            parameters={},
            handler=self.resume_monitoring,
        )

    @answering
    def start_monitoring(self, args: dict[str, Any], raw_data: dict[str, Any]) -> FunctionResult:
        """Open a tap, or one for each side of the call, and have SignalWire start them."""
        call_id = text(raw_data, "call_id")
        if refusal := _refusal(call_id, raw_data):
            return FunctionResult(refusal)
        direction = DIRECTIONS.get(str(args.get("direction") or self._direction))
        if direction is None:
            return FunctionResult(NO_DIRECTION)
        # The model is not offered this argument; it is for tests of the other transport.
        transport = TRANSPORTS.get(str(args.get("transport") or self._transport))
        if transport is None:
            return FunctionResult(NO_TRANSPORT)
        split = self._apart if args.get("split") is None else args["split"]
        if not isinstance(split, bool):
            return FunctionResult(NO_SPLIT)
        opened, failed = self._opener.open(legs_of(direction, split), transport, args, raw_data)
        if not opened:
            return FunctionResult(SORRY if failed else ALREADY)
        return self._opener.add_verbs(FunctionResult(ONE_SIDE if failed else STARTED), opened)

    @answering
    def ask_for_help(self, args: dict[str, Any], raw_data: dict[str, Any]) -> FunctionResult:
        """Show that a supervisor is needed, and open taps if nobody could hear the call."""
        call_id = text(raw_data, "call_id")
        if refusal := _refusal(call_id, raw_data):
            return FunctionResult(refusal)
        answer = FunctionResult(ASKED)
        if not taps.is_tapped(call_id):
            legs = legs_of(self._direction, self._apart)
            opened, failed = self._opener.open(legs, self._transport, args, raw_data)
            if failed and not opened:
                return FunctionResult(SORRY)
            self._opener.add_verbs(answer, opened)
        taps.ask_for_help(call_id, text(args, "reason"))
        return answer

    @answering
    def pause_monitoring(self, args: dict[str, Any], raw_data: dict[str, Any]) -> FunctionResult:
        """Pause the call. If that fails, the agent must not ask for what is secret."""
        call_id = text(raw_data, "call_id")
        try:
            paused = bool(call_id) and taps.pause(call_id, self._opener.agent_name)
        except Exception:
            logger.exception("a call was not paused")
            return FunctionResult(NOT_PAUSED)
        return FunctionResult(PAUSED if paused else UNHEARD)

    @answering
    def resume_monitoring(self, args: dict[str, Any], raw_data: dict[str, Any]) -> FunctionResult:
        """End the pause that the agent asked for."""
        call_id = text(raw_data, "call_id")
        resumed = bool(call_id) and taps.resume(call_id, self._opener.agent_name)
        return FunctionResult(RESUMED if resumed else STILL)

    @answering
    def stop_monitoring(self, args: dict[str, Any], raw_data: dict[str, Any]) -> FunctionResult:
        """Have SignalWire stop every tap of this call.

        None may be left out, because the caller is told that nobody listens any more.
        """
        call_id = text(raw_data, "call_id")
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
                    "If you cannot help, or the caller is angry or in danger, use ask_for_help.",
                    "Before the caller says a card number or another secret, use pause_monitoring; "
                    "use resume_monitoring as soon as it has been said.",
                    "If the caller objects to being monitored, use stop_monitoring at once.",
                    "Never say identifiers, addresses or technical details of monitoring.",
                ],
            }
        ]

    @classmethod
    def get_parameter_schema(cls) -> dict[str, dict[str, Any]]:
        """Return the skill's parameters, in addition to those of every skill."""
        return {**super().get_parameter_schema(), **SCHEMA}


def _refusal(call_id: str, raw_data: dict[str, Any]) -> str:
    """Return why what called a tool cannot be heard, or ""."""
    if raw_data.get("conversation_type") == "chat":
        return NO_AUDIO
    return "" if call_id else NO_CALL


skill_registry.register_skill(MonitoringSkill)
