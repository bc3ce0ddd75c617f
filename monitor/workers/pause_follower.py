"""PauseFollower: has the media that this process receives follow the pauses of their calls."""

from __future__ import annotations

import asyncio
import datetime
import json
import uuid
from collections.abc import Callable
from typing import Any

from monitor.bus.keys import EVENTS
from monitor.bus.reader import StreamReader

#: Is told of a tap when the pause of its call began that goes on, or None.
FollowPause = Callable[[uuid.UUID, datetime.datetime | None], None]

_NEVER = b'"pause": {"changes": 0,'


class PauseFollower:
    """Follows the descriptions of calls. The backstop is the checkpoint of the counters."""

    def __init__(self, reader: StreamReader, follow: FollowPause) -> None:
        self._reader = reader
        self._follow = follow
        self._changes: dict[str, int] = {}  # by call: how often its pause has changed

    async def run(self) -> None:
        """Follow until cancelled."""
        await self._reader.subscribe_when_back(EVENTS, self._on_entry)
        await asyncio.Event().wait()

    def _on_entry(self, value: bytes) -> None:
        """Act on a call's event. Most calls were never paused, and are not parsed."""
        if _NEVER in value:
            return
        event: dict[str, Any] = json.loads(value)
        if event["type"] != "call":
            return
        call = event["call"]
        if call["over"]:
            self._changes.pop(call["id"], None)
            return
        pause = call.get("pause")  # a worker of an older release tells none
        if pause and pause["changes"] > self._changes.get(call["id"], 0):
            self._changes[call["id"]] = pause["changes"]
            self._follow_call(call, pause["since"])

    def _follow_call(self, call: dict[str, Any], since: str | None) -> None:
        began_at = datetime.datetime.fromisoformat(since) if since else None
        for leg in call["legs"]:
            self._follow(uuid.UUID(leg["id"]), began_at)
