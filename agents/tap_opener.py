"""TapOpener: opens the taps that an agent asks for, and writes the verbs that start them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from signalwire import FunctionResult

from agents.call_data import caller, text
from agents.parameters import DIRECTIONS, Codec, Direction, Notice, Transport
from monitor.services import taps
from monitor.services.taps import OpenedTap

logger = logging.getLogger(__name__)


def legs_of(direction: Direction, split: bool) -> tuple[Direction, ...]:
    """Return the direction of each tap. Only the whole conversation can be split."""
    return ("speak", "listen") if split and direction == "both" else (direction,)


@dataclass(frozen=True, slots=True)
class TapOpener:
    """Opens taps as the skill of one agent is set up."""

    agent_name: str
    codec: Codec
    rtp_ptime: int  # milliseconds
    notice: Notice = ""

    def open(
        self,
        legs: tuple[Direction, ...],
        transport: Transport,
        args: dict[str, Any],
        raw_data: dict[str, Any],
    ) -> tuple[list[OpenedTap], bool]:
        """Open a tap for each leg that has none; return them, and whether any could not be opened.

        A leg that fails leaves the others as they are.
        """
        opened, failed = [], False
        for direction in legs:
            try:
                opened.append(self._open(direction, transport, args, raw_data))
            except taps.AlreadyTapped:
                continue
            except (taps.NoPort, ValueError) as error:
                logger.warning("monitoring was not started, direction %s: %s", direction, error)
                failed = True
            except Exception:
                if not opened:
                    raise
                logger.exception("monitoring was not started, direction %s", direction)
                failed = True
        return opened, failed

    def _open(
        self,
        direction: Direction,
        transport: Transport,
        args: dict[str, Any],
        raw_data: dict[str, Any],
    ) -> OpenedTap:
        """Open a tap with what SignalWire says about the call."""
        number, name = caller(raw_data)
        return taps.open_tap(
            text(raw_data, "call_id"),
            agent=self.agent_name,
            direction=direction,
            codec=self.codec,
            transport=transport,
            reason=text(args, "reason"),
            caller=number,
            caller_name=name,
            project_id=text(raw_data, "project_id"),
            notice=self.notice,
        )

    def add_verbs(self, answer: FunctionResult, opened: list[OpenedTap]) -> FunctionResult:
        """Add the verbs that have SignalWire start these taps."""
        for one in opened:
            answer.tap(
                one.uri,
                control_id=one.tap.control_id,
                # It is always given, because the platform's own default is speak.
                direction=DIRECTIONS[one.tap.direction],
                codec=self.codec,
                rtp_ptime=self.rtp_ptime,
                status_url=one.status_url,
            )
        return answer
