"""Teller: tells of a simulated call what SignalWire's AI would: live events, and its record."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Coroutine
from typing import Any

from monitor.sim.cues import turn_at
from monitor.sim.platform import Caller, Platform, ToolUse
from monitor.sim.swml import CallFailed, Json, ai_of

ROLES = {"agent": "assistant", "caller": "user"}
CALLS_WITH_BARGE = 3  # in every third call the caller interrupts the agent
BARGE_AFTER = 900  # milliseconds


class Teller:
    """Tells of one call, to the URLs that the agent's SWML has, without delaying its audio.

    ``failures`` has what went wrong. Where the SWML has no URL, nothing is told.
    """

    def __init__(self, platform: Platform, caller: Caller, number: int, swml: Json) -> None:
        ai = ai_of(swml)
        self._params: Json = ai.get("params", {})
        self._summary_url = str(ai.get("post_prompt_url", ""))
        self._platform = platform
        self._caller = caller
        self._number = number
        self._interrupts = number % CALLS_WITH_BARGE == 0
        self._posts: set[asyncio.Task[None]] = set()
        self._began_at = time.time()
        self._log: list[Json] = []
        self._tools: list[ToolUse] = []
        self.failures: list[str] = []

    def begin(self) -> None:
        """Tell that the agent begins, and which tools it has used."""
        self._tell({"session_start": {"model": "simulated", "language": "en-US"}})
        self._tell_tools()

    def play(self, frame: int) -> None:
        """Tell what is said when the call sends that frame of speech."""
        self._tell_tools()
        turn = turn_at(self._number, frame)
        if turn is None:
            return
        role = ROLES[turn.speaker]
        if role == "user":
            self._tell_barge()
            self._tell({"speech_detect": {"text": turn.text, "source": "final"}})
        said: Json = {"role": role, "content": turn.text, "timestamp": _microseconds(time.time())}
        self._log.append(said)
        if self._params.get("debug_webhook_level") == 2:
            self._tell({"conversation_add": {**said, "lang": "en-US"}})

    async def end(self) -> None:
        """Tell that the agent has ended, post the record of the call, and wait for all posts."""
        self._tell_tools()
        lasted = round((time.time() - self._began_at) * 1000)
        end = {"reason": "normal", "ended_by": "assistant", "duration_ms": lasted}
        self._tell({"session_end": end})
        if self._summary_url:
            record = self._record()
            self._post(self._platform.post_summary(self._caller, self._summary_url, record))
        await asyncio.gather(*self._posts)

    def _tell_barge(self) -> None:
        """Tell that the caller interrupts what the agent said last, once in a call."""
        if self._interrupts and self._log and self._log[-1]["role"] == "assistant":
            self._interrupts = False
            self._log[-1] |= {"barged": True, "barge_elapsed_ms": BARGE_AFTER}
            self._tell({"barge": {"barge_type": "normal", "barge_elapsed_ms": BARGE_AFTER}})

    def _tell_tools(self) -> None:
        """Tell of the tools that were used since this was last called."""
        for use in self._caller.tools_used[len(self._tools) :]:
            self._tools.append(use)
            lasted = round(use.seconds * 1000)
            told = {"function": use.name, "duration_ms": lasted, "native": False}
            self._tell({"function_call": told})

    def _record(self) -> Json:
        """Return what the post-prompt has of the whole call."""
        said = [{k: v for k, v in entry.items() if "barge" not in k} for entry in self._log]
        summary = f"The caller spoke with the front desk; {len(said)} sentences were said."
        ended_at = _microseconds(time.time())
        return {
            "ai_session_id": str(uuid.uuid4()),
            "call_log": said,
            "raw_call_log": [{"barged": False, **entry} for entry in self._log],
            "swaig_log": [_logged(use) for use in self._tools],
            "post_prompt_data": {"raw": summary, "substituted": summary},
            "ai_start_date": _microseconds(self._began_at),
            "ai_end_date": ended_at,
            "call_end_date": ended_at,
            "call_ended_by": "assistant",
        }

    def _tell(self, events: Json) -> None:
        if url := self._params.get("debug_webhook_url"):
            self._post(self._platform.post_events(self._caller, url, events))

    def _post(self, post: Coroutine[Any, Any, None]) -> None:
        self._posts.add(asyncio.create_task(self._kept(post)))

    async def _kept(self, post: Coroutine[Any, Any, None]) -> None:
        """Make a post; if it fails, keep the error for the end."""
        try:
            await post
        except CallFailed as failure:
            self.failures.append(str(failure))


def _logged(use: ToolUse) -> Json:
    return {
        "command_name": use.name,
        "command_arg": json.dumps(use.arguments),
        "epoch_time": int(use.used_at),
        "post_response": {"response": use.response},
        "native": False,
    }


def _microseconds(at: float) -> int:
    return round(at * 1_000_000)
