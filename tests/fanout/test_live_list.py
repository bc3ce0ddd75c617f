"""What the consoles that open together are sent."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from monitor.fanout.call_agents import CallAgents
from monitor.fanout.live_list import LiveList
from monitor.services import descriptions, permissions
from monitor.services.permissions import Scope, Sight

EVERYTHING = Sight(permissions.EVERYTHING, reads_words=False, full_numbers=True)


class Strips:
    def describe(self, tap_id: str) -> dict[str, Any]:
        return {"end": 7, "bytes": tap_id}


class News:
    """A process judges the calls, once anybody has looked."""

    is_watched = False

    async def look(self) -> None:
        self.is_watched = True


def live_list() -> LiveList:
    return LiveList(Strips(), News(), CallAgents())  # type: ignore[arg-type]


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Make the database hold 100 calls of one leg; collect how often it is read."""
    seen: list[int] = []

    def current_calls(scope: Scope) -> list[dict[str, Any]]:
        seen.append(100)
        agent = min(scope.agents or {"all"})
        legs = [[{"id": f"leg {n}"}] for n in range(100)]
        return [{"id": str(n), "agent": agent, "legs": legs[n]} for n in range(100)]

    monkeypatch.setattr(descriptions, "current_calls", current_calls)
    return seen


@pytest.mark.django_db(transaction=True)
async def test_a_snapshot_has_every_call_with_the_strips_of_its_legs(readings: list[int]) -> None:
    snapshot = json.loads(await live_list().snapshot(EVERYTHING))
    assert snapshot["type"] == "snapshot"
    assert snapshot["attention_watched"] is True
    assert [call["id"] for call in snapshot["calls"]] == [str(n) for n in range(100)]
    [leg] = snapshot["calls"][99]["legs"]
    assert leg["strip"] == {"end": 7, "bytes": "leg 99"}


@pytest.mark.django_db(transaction=True)
async def test_consoles_that_open_together_share_a_snapshot(readings: list[int]) -> None:
    snapshot = live_list().snapshot
    sent = await asyncio.gather(*(snapshot(EVERYTHING) for _ in range(20)))
    assert readings == [100]
    assert len(set(sent)) == 1


@pytest.mark.django_db(transaction=True)
async def test_consoles_that_see_different_calls_share_none(readings: list[int]) -> None:
    listed = live_list()
    sights = [Sight(Scope(frozenset({name})), False, True) for name in ("sales", "support") * 2]
    sent = await asyncio.gather(*(listed.snapshot(sight) for sight in sights))
    assert readings == [100, 100]
    agents = [json.loads(one)["calls"][0]["agent"] for one in sent]
    assert agents == ["sales", "support", "sales", "support"]


@pytest.mark.django_db(transaction=True)
async def test_nothing_is_kept_of_a_sight_that_nobody_has(readings: list[int]) -> None:
    listed = live_list()
    await listed.snapshot(EVERYTHING)
    assert not listed._reads
