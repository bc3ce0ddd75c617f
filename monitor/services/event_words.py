"""The words for what happened in a call beside what was said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from django.utils.translation import gettext as _

#: Events that tell of something that went wrong.
ERRORS = ("llm_error", "webhook_fail", "voice_error")
#: Events that are a line of a transcript, and nobody's words.
NOTED = (
    "hold",
    "step_change",
    "context_change",
    "attention_timeout",
    "function_loop",
    "warning",
    "session_start",
    "session_end",
    *ERRORS,
)


class Event(Protocol):
    """What is read of an event; a row has it."""

    kind: str
    text: str
    payload: Any


def sentence(event: Event) -> str:
    """Say what an event is about, with what the carrier told of it."""
    described = SENTENCES[event.kind](event.payload)
    detail = event.text or _first(event.payload, "name", "step", "context", "event")
    if event.kind in DETAILED and detail:
        return f"{described}: {detail}"
    return described


def _barge(payload: Any) -> str:
    after = payload.get("barge_elapsed_ms")
    if not isinstance(after, int | float):
        return _("The caller interrupted the agent")
    seconds = {"seconds": f"{after / 1000:.1f}"}
    return _("The caller interrupted the agent after %(seconds)s s") % seconds


def _hold(payload: Any) -> str:
    is_end = payload.get("event") == "unhold"
    return _("The agent is no longer on hold") if is_end else _("The agent is on hold")


def _first(payload: Any, *names: str) -> str:
    """Return the first of these fields that has a text."""
    values = (payload.get(name) for name in names)
    return next((value for value in values if value and isinstance(value, str)), "")


SENTENCES: dict[str, Callable[[Any], str]] = {
    "barge": _barge,
    "hold": _hold,
    "step_change": lambda _payload: _("Next step"),
    "context_change": lambda _payload: _("Another context"),
    "attention_timeout": lambda _payload: _("The agent waited in vain for the caller to speak"),
    "function_loop": lambda _payload: _("The agent used a tool over and over"),
    "warning": lambda _payload: _("Warning"),
    "session_start": lambda _payload: _("The agent began"),
    "session_end": lambda _payload: _("The agent ended"),
    "llm_error": lambda _payload: _("The language model failed"),
    "webhook_fail": lambda _payload: _("A webhook failed"),
    "voice_error": lambda _payload: _("The agent’s voice failed"),
}

#: Of these the carrier tells more, which is shown as it came.
DETAILED = (*ERRORS, "step_change", "context_change", "function_loop", "warning", "session_end")
