"""The calls of the words table, which Earshot's own code makes, with what was said in them."""

from __future__ import annotations

import dataclasses
import datetime
import itertools
import json
import time
from typing import Any

from bench import state
from bench.words.stamp import stamped

AGENT = "receptionist"
SAID_BEFORE = 20  # lines of each call
ROLES = ("assistant", "user")  # who speak in turns
SENTENCES = (
    "Good morning, you have reached the front desk, and how may I help you today",
    "I would like to move the table that I have booked for this evening",
    "Certainly, under which name did you make the booking",
    "It is under Miller, and we will be two more than I said",
    "Thank you, I have found it, and there is a larger table by the window",
    "That sounds lovely, and could we have it half an hour later",
)


def call_id(number: int) -> str:
    return f"bench-call-{number}"


def post(number: int, line: int, at: float) -> dict[str, Any]:
    """Return what SignalWire posts of a line of a call: how the agent's and the caller's words are
    told."""
    said = {"role": ROLES[line % 2], "content": stamped(SENTENCES[line % len(SENTENCES)], at)}
    told = {**said, "lang": "en-US", "timestamp": round(at * 1e6)}
    info = {"project_id": "bench", "call_id": call_id(number), "conversation_type": "voice"}
    return {"call_info": info, "conversation_add": told}


def make(count: int) -> list[dict[str, Any]]:
    """Make calls in which something was said; return what was published of each of them last."""
    from monitor.adapters.carriers.signalwire import words
    from monitor.services import call_events

    for number in range(count):
        now = time.time()
        said = [post(number, line, now - SAID_BEFORE + line) for line in range(SAID_BEFORE)]
        *before, last = (words.parse_events(json.dumps(one).encode()) for one in said)
        at_once = itertools.chain.from_iterable(report.events for report in before)
        for report in (dataclasses.replace(last, events=tuple(at_once)), last):
            call_events.record(AGENT, report)
    return state.words()


def events_path() -> str:
    """Return the path to which SignalWire posts what is said."""
    from monitor.services import event_urls

    return f"/calls/{event_urls.make('events', AGENT)}/events"


def again(message: dict[str, Any], line: int, at: float) -> dict[str, Any]:
    """Return a message of ``make`` as if its call's next line were told now."""
    from monitor.services import conversation

    moment = conversation.written(datetime.datetime.fromtimestamp(at, datetime.UTC))
    text = stamped(SENTENCES[line % len(SENTENCES)], at)
    side = conversation.SIDES[ROLES[line % 2]]
    lines = [{**message["lines"][-1], "at": moment, "side": side, "text": text}]
    return {**message, "from": moment, "until": moment, "lines": lines, "received": at}
