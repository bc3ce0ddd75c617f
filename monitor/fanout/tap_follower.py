"""TapFollower: notifies one listener of its tap's state, from hello to the end."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

from monitor.services import descriptions


class TapFollower:
    """Follows a tap's events.

    Calls ``notify`` with each state message for the listener, ``pause`` with each change of the
    call's pause, and ``end`` with a reason once the tap is over and its last audio has had time to
    arrive.
    """

    def __init__(
        self,
        grace: float,
        notify: Callable[[dict[str, Any]], None],
        pause: Callable[[dict[str, Any]], None],
        end: Callable[[str], None],
    ) -> None:
        self._tap_id = ""
        self._grace = grace
        self._notify = notify
        self._pause = pause
        self._end = end
        self._pause_changes = 0  # of the call, in its last description
        self._transitions = 0  # of the tap, in its last description
        self._ending: asyncio.TimerHandle | None = None
        self.state = ""
        self.is_over = False

    def begin(self, tap_id: uuid.UUID, state: str, transitions: int) -> None:
        """Begin to follow a tap whose state and number of transitions the listener knows."""
        self._tap_id = str(tap_id)
        self.state, self._transitions = state, transitions

    def on_event(self, event: dict[str, Any], _: bytes) -> None:
        """Handle an event that is about the tap, or about its call."""
        if event["type"] == "call":
            if pause := event["call"].get("pause"):  # a worker of an older release tells none
                self.follow_pause(pause)
            for leg in event["call"]["legs"]:
                if leg["id"] == self._tap_id:
                    self.follow(leg)
        elif event["type"] == "stall":
            self._notify_state(stalled=event["stalled"])

    def follow(self, tap: dict[str, Any]) -> None:
        """Notify the listener of a new state of the tap, and end its socket if the tap is over.

        ``tap`` is its description, as a leg of its call or by itself.
        """
        if tap["transitions"] < self._transitions:
            return  # an older description, which another process published late
        self._transitions = tap["transitions"]
        if tap["state"] != self.state:
            self.state = tap["state"]
            self._notify_state(stalled=False)
        self._cancel_ending()  # the media of a lost tap may have come back
        self.is_over = descriptions.is_over(tap)
        if self.is_over:
            reason = tap["end_reason"] or tap["state"]
            grace = 0.0 if tap["stop_requested_at"] else self._grace
            self._ending = asyncio.get_running_loop().call_later(grace, self._end, reason)

    def follow_pause(self, pause: dict[str, Any]) -> None:
        """Tell the listener's socket whether the call is paused, if that has changed."""
        if pause["changes"] > self._pause_changes:
            self._pause_changes = pause["changes"]
            self._pause(pause)

    def close(self) -> None:
        """Stop notifying, and release the listener's socket.

        If the socket and its follower still held each other, the 8 kB of each listener that
        left would wait for the garbage collector, which runs rarely.
        """
        self._cancel_ending()
        self._notify = self._pause = self._end = _ignore

    def _cancel_ending(self) -> None:
        if self._ending:
            self._ending.cancel()

    def _notify_state(self, *, stalled: bool) -> None:
        self._notify({"type": "state", "state": self.state, "stalled": stalled})


def _ignore(message: object) -> None:
    """Replace a callback that was released."""
