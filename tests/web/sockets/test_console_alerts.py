"""What an agent's call tells raises the attention of the consoles, as long as the call goes on."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from django.contrib.auth.models import User

from monitor.adapters.carriers.signalwire import words
from monitor.concurrency import in_thread
from monitor.services import call_events
from monitor.sim.call import Script
from monitor.sim.cues import turn_at
from monitor.sim.fleet import Fleet, Plan
from tests.support.accounts import account
from tests.support.servers import Server
from tests.support.talk import Connection, message_of
from tests.support.words import hold

SEED = 4


async def needing(page: Connection, kind: str) -> dict[str, Any]:
    """Return the next call that needs attention for this reason."""
    while True:
        call: dict[str, Any] = (await message_of(page, "call"))["call"]
        if any(one["kind"] == kind for one in call["attention"]):
            return call


async def test_a_simulated_call_needs_attention_for_its_words_and_for_its_hold(
    transactional_db: None, alice: User, alone: str
) -> None:
    """The server has a Redis of its own: another server of the run would be the one that looks."""
    turn = next(turn for frame in range(1, 1000) if (turn := turn_at(SEED, frame)))
    env = {"WATCHED_PHRASES": turn.text, "HOLD_SECONDS": "2", "REDIS_URL": alone}
    with Server(app="agents.asgi:application", **env) as server:
        fleet = Fleet(account(server), Script(), Plan(1, 60, SEED), list[str]().append)
        running = asyncio.create_task(fleet.once())
        try:
            async with server.console(alice) as page:
                call = await needing(page, "phrase")
                [mark] = call["attention"]
                assert (mark["severity"], mark["note"]) == (62, "")
                told = {**hold(), "call_info": {"call_id": call["call_id"]}}
                report = words.parse_events(json.dumps(told).encode())
                await in_thread(call_events.record)("receptionist", report)
                held = await needing(page, "long_hold")
                assert [one["kind"] for one in held["attention"]] == ["phrase", "long_hold"]
        finally:
            fleet.hang_up.set()
            await running
