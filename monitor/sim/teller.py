"""Teller: tells of a simulated call what SignalWire's AI would: live events, and its record."""

from __future__ import annotations

import asyncio
import json
import random
import time
import uuid
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from monitor.audio.condition import Kind
from monitor.sim.cues import turn_at
from monitor.sim.disorder import Disorder
from monitor.sim.platform import Caller, Platform, ToolUse
from monitor.sim.swml import CallFailed, Json, ai_of

ROLES = {"agent": "assistant", "caller": "user"}
CALLS_WITH_BARGE = 3  # in every third call the caller interrupts the agent
CALLS_WITH_HOLD = 5  # in every fifth one the agent is on hold for a sentence of the caller's
CALLS_WITH_ERROR = 7  # in every seventh one a webhook of the agent's fails
FAILURES_IN_TROUBLE = 2  # of the same webhook in a row, where failing tools are the trouble
LOOK_UP = "look_up_booking"
FAILING_URL = f"https://tools.example/{LOOK_UP}"
BARGE_AFTER = 900  # milliseconds
ANSWERED_WITHIN = (600, 1500)  # milliseconds from the end of the caller's words to the agent's
TOKENS_A_WORD = 1.4


Post = Callable[[], Coroutine[Any, Any, None]]


class Teller:
    """Tells of one call, to the URLs that the agent's SWML has, without delaying its audio.

    ``failures`` has what went wrong. Where the SWML has no URL, nothing is told. Of the troubles
    that a call may be in, this tells of tools that fail and of a language model that does.
    """

    def __init__(
        self,
        platform: Platform,
        caller: Caller,
        number: int,
        swml: Json,
        disorder: Disorder,
        trouble: Kind | None = None,
    ) -> None:
        ai = ai_of(swml)
        self._params: Json = ai.get("params", {})
        self._summary_url = str(ai.get("post_prompt_url", ""))
        self._platform = platform
        self._caller = caller
        self._number = number
        self._disorder = disorder
        self._interrupts = number % CALLS_WITH_BARGE == 0
        self._to_fail = int(number % CALLS_WITH_ERROR == 0)  # webhooks
        if trouble is Kind.TOOL_FAILS:
            self._to_fail = FAILURES_IN_TROUBLE
        self._has_llm_error = trouble is Kind.LLM_ERROR
        self._holds = number % CALLS_WITH_HOLD == 0
        self._is_on_hold = False
        self._chance = random.Random(number)
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
            self._tell_webhook_fail(turn.text)
            self._tell_llm_error()
            self._look_up(turn.text)
            self._tell({"speech_detect": {"text": turn.text, "source": "final"}})
        said: Json = {"role": role, "content": turn.text, "timestamp": _microseconds(time.time())}
        self._tell_hold(role)
        self._log.append({**said, **self._latencies(role)})
        if self._params.get("debug_webhook_level") == 2:
            self._tell({"conversation_add": {**said, "lang": "en-US"}})

    async def end(self) -> None:
        """Tell that the agent has ended, post the record of the call, and wait for all posts."""
        self._tell_tools()
        lasted = round((time.time() - self._began_at) * 1000)
        end = {"reason": "normal", "ended_by": "assistant", "duration_ms": lasted}
        if self._summary_url and self._disorder.is_record_first:
            await self._post_record()
        self._tell({"session_end": end})
        if self._summary_url and not self._disorder.is_record_first:
            self._post_record()
        await asyncio.gather(*self._posts)

    def _post_record(self) -> asyncio.Future[Any]:
        """Post the record of the call. Whoever awaits what is returned waits for that."""
        record = self._record()
        return self._post(
            lambda: self._platform.post_summary(self._caller, self._summary_url, record),
            self._disorder.of_record(),
        )

    def _tell_barge(self) -> None:
        """Tell that the caller interrupts what the agent said last, once in a call."""
        if self._interrupts and self._log and self._log[-1]["role"] == "assistant":
            self._interrupts = False
            self._log[-1] |= {"barged": True, "barge_elapsed_ms": BARGE_AFTER}
            self._tell({"barge": {"barge_type": "normal", "barge_elapsed_ms": BARGE_AFTER}})

    def _tell_webhook_fail(self, asked: str) -> None:
        """Tell that a webhook of the agent's failed, after each sentence of the caller's until it
        has failed as often as it is to."""
        if self._to_fail:
            self._to_fail -= 1
            sent = self._sent(LOOK_UP, {"asked": asked})
            failed = {"error": "webhook error", "request_url": FAILING_URL, "request_payload": sent}
            self._tell({"webhook_fail": {**failed, "attempts": 2, "http_code": 503}})

    def _tell_llm_error(self) -> None:
        """Tell that the language model had to be asked again, once in a call that has this."""
        if self._has_llm_error:
            self._has_llm_error = False
            self._tell({"llm_error": {"event": "llm_retry", "model": "simulated"}})

    def _tell_hold(self, role: str) -> None:
        """Tell that the agent is put on hold while the caller speaks, once in a call."""
        if role == "user" and self._holds:
            self._holds, self._is_on_hold = False, True
            self._tell({"hold": {"event": "hold", "timeout": 30}})
        elif role == "assistant" and self._is_on_hold:
            self._is_on_hold = False
            self._tell({"hold": {"event": "unhold"}})

    def _latencies(self, role: str) -> Json:
        """Return how long the caller has waited for what the agent says, in milliseconds."""
        if role != "assistant" or not self._log or self._log[-1]["role"] != "user":
            return {}
        waited = self._chance.randint(*ANSWERED_WITHIN)
        return {
            "latency": waited - 400,
            "utterance_latency": waited - 300,
            "audio_latency": waited,
            "acoustic_latency": waited + 200,
        }

    def _tell_tools(self) -> None:
        """Tell of the tools that were used since this was last called."""
        for use in self._caller.tools_used[len(self._tools) :]:
            self._tools.append(use)
            lasted = round(use.seconds * 1000)
            told = {"function": use.name, "duration_ms": lasted, "native": False}
            logged = {**_logged(use), "post_data": self._sent(use.name, use.arguments)}
            self._tell({"function_call": told, "swaig_call": logged})

    def _look_up(self, asked: str) -> None:
        """Have the agent use a tool, once, if it has used none: that of a call with no tap has no
        other. It is told of with the next frame."""
        if not self._caller.tools_used:
            use = ToolUse(LOOK_UP, {"asked": asked}, "It is on Thursday.", time.time(), 0.4)
            self._caller.tools_used.append(use)

    def _sent(self, tool: str, arguments: Json) -> Json:
        """Return what is sent to a tool. Only that names the caller while a call goes on."""
        return {
            "function": tool,
            "argument": {"parsed": [arguments], "raw": json.dumps(arguments)},
            "call_id": self._caller.call_id,
            "caller_id_name": self._caller.name,
            "caller_id_num": self._caller.number,
            "conversation_type": "voice",
            "content_type": "text/swaig",
        }

    def _record(self) -> Json:
        """Return what the post-prompt has of the whole call."""
        said = [{k: v for k, v in entry.items() if "barge" not in k} for entry in self._log]
        texts = {role: _texts(self._log, role) for role in ROLES.values()}
        lasted = time.time() - self._began_at
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
            "total_minutes": round(lasted / 60, 2),
            "total_input_tokens": _tokens(texts["user"]),
            "total_output_tokens": _tokens(texts["assistant"]),
            "total_tts_chars": len(texts["assistant"]),
            "total_asr_minutes": round(lasted / 60, 2),
        }

    def _tell(self, events: Json) -> None:
        if url := self._params.get("debug_webhook_url"):
            late = self._disorder.of_event()
            self._post(lambda: self._platform.post_events(self._caller, url, events), late)

    def _post(self, post: Post, late: Sequence[float]) -> asyncio.Future[Any]:
        """Make a post once for each of these seconds, so late."""
        made = [asyncio.create_task(self._kept(post, seconds)) for seconds in late]
        self._posts.update(made)
        return asyncio.gather(*made)

    async def _kept(self, post: Post, late: float) -> None:
        """Make a post; if it fails, keep the error for the end."""
        try:
            await asyncio.sleep(late)
            await post()
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


def _texts(log: Sequence[Json], role: str) -> str:
    return " ".join(entry["content"] for entry in log if entry["role"] == role)


def _tokens(text: str) -> int:
    return round(len(text.split()) * TOKENS_A_WORD)


def _microseconds(at: float) -> int:
    return round(at * 1_000_000)
