"""What Earshot asks a carrier to do with a running call, and why the carrier did not do it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class ControlError(StrEnum):
    """Why a request to a carrier had no success. Pages are given the value, and write the words."""

    KEY_REFUSED = "key_refused"  # the project ID or the API token is wrong, or lacks a scope
    CALL_OVER = "call_over"  # the carrier knows no such call, or no longer
    INVALID = "invalid"  # the carrier does not take the values that were sent
    BUSY = "busy"  # too many requests in a short time
    UNREACHABLE = "unreachable"  # the request never left
    CARRIER_FAILED = "carrier_failed"  # an error on the carrier's side
    NO_ANSWER = "no_answer"  # the request may have been carried out all the same
    NOT_SENT = "not_sent"  # no server process was there to send the request in time


class ControlFailed(Exception):
    """A carrier did not carry out a request."""

    def __init__(self, error: ControlError) -> None:
        super().__init__(error)
        self.error = error


@dataclass(frozen=True, slots=True)
class TapStart:
    """A tap that a carrier is asked to start. Both URLs hold a token, so neither is shown."""

    call_id: str
    control_id: str
    direction: str
    codec: str
    uri: str = field(repr=False)
    status_url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TapStop:
    """A tap that a carrier is asked to stop."""

    call_id: str
    control_id: str
