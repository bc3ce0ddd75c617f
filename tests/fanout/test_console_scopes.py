"""What consoles are sent that see the calls of some agents only."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection
from typing import Any
from unittest.mock import Mock

import pytest

from monitor.bus.reader import StreamReader
from monitor.bus.seconds import SecondsReader
from monitor.fanout import call_agents
from monitor.fanout import consoles as consoles_module
from monitor.fanout.audience import Subscriber
from monitor.fanout.call_agents import CallAgents
from monitor.fanout.consoles import Consoles
from monitor.fanout.scoping import part_of, subjects_of
from monitor.fanout.strip_board import StripBoard
from monitor.fanout.words_delay import WordsDelay
from monitor.services import descriptions
from monitor.services.permissions import EVERYTHING, Scope, Sight
from monitor.telemetry.metrics import Metrics
from tests.support.bus import open_queries
from tests.support.waiting import until

#: What replaces the hidden part of a number, as JSON.
MASK = b"\\u2022" * 3
#: The agents of calls and taps, as the database has them.
AGENTS = {"1": "sales", "2": "support", "tap-1": "sales", "tap-2": "support"}
SALES = Scope(frozenset({"sales"}))
SUPPORT = Scope(frozenset({"support"}))


class Known(CallAgents):
    """Asks no database, and notes what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[set[str]] = []
        self.is_away = False

    async def ask(self, pks: Collection[str]) -> None:
        self.asked.append(set(pks))
        await asyncio.sleep(0)
        if self.is_away:
            raise OSError("the database is away")
        for pk in pks:
            self._keep(pk, AGENTS.get(pk, ""))


@pytest.fixture
def agents() -> Known:
    return Known()


@pytest.fixture
async def consoles(reader: StreamReader, agents: Known) -> AsyncIterator[Consoles]:
    async with open_queries() as queries:
        board = StripBoard(reader, SecondsReader(queries))
        yield Consoles(reader, board, WordsDelay(Metrics().words_delay), agents)


def console(
    consoles: Consoles, scope: Scope, *, reads_words: bool = True, full_numbers: bool = True
) -> list[bytes]:
    """Open a console; return what it is sent."""
    sent: list[bytes] = []
    consoles.place(Subscriber(sent.append), Sight(scope, reads_words, full_numbers))
    return sent


def told(kind: str, **more: Any) -> bytes:
    return json.dumps({"type": kind, **more}).encode()


def call(pk: str, agent: str) -> bytes:
    return told("call", call={"id": pk, "agent": agent, "legs": [{"id": f"tap-{pk}"}]})


def words(pk: str, n: int = 0) -> bytes:
    return told("words", call=pk, received=float(n))


async def settled(consoles: Consoles) -> None:
    await until(lambda: consoles._asking is None)


async def test_an_event_goes_as_it_came_to_those_who_see_its_call(
    consoles: Consoles, agents: Known
) -> None:
    sales, support = console(consoles, SALES), console(consoles, SUPPORT)
    everything = console(consoles, EVERYTHING)
    consoles.on_message(call("1", "sales"))
    assert (sales, support, everything) == ([call("1", "sales")], [], [call("1", "sales")])
    assert agents.asked == []


async def test_a_call_whose_agent_has_no_name_is_for_those_who_see_everything(
    consoles: Consoles,
) -> None:
    sales, nothing = console(consoles, SALES), console(consoles, Scope(frozenset()))
    everything = console(consoles, EVERYTHING)
    consoles.on_message(call("1", ""))
    assert (sales, nothing, everything) == ([], [], [call("1", "")])


async def test_a_message_of_an_unknown_type_is_for_those_who_see_everything(
    consoles: Consoles,
) -> None:
    sales, everything = console(consoles, SALES), console(consoles, EVERYTHING)
    consoles.on_message(told("news"))
    assert (sales, everything) == ([], [told("news")])


async def test_nothing_is_read_while_everybody_sees_everything(consoles: Consoles) -> None:
    everything = console(consoles, EVERYTHING)
    consoles.on_message(b"no JSON")
    assert everything == [b"no JSON"]


async def test_consoles_that_see_the_same_share_what_is_cut_for_them(
    consoles: Consoles, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut: list[Any] = []

    def counted(message: dict[str, Any], seen: list[str]) -> bytes:
        cut.append(seen)
        return part_of(message, seen)

    monkeypatch.setattr(consoles_module, "part_of", counted)
    many = [console(consoles, SALES) for _ in range(20)]
    for pk, agent in (("1", "sales"), ("2", "support")):
        consoles.on_message(call(pk, agent))
    consoles.on_message(told("talk", calls={"1": None, "2": None}))
    assert cut == [["1"]]
    assert all(sent[1:] == [told("talk", calls={"1": None})] for sent in many)


async def test_levels_are_cut_down_with_their_packets_and_bars(
    consoles: Consoles, agents: Known
) -> None:
    await agents.ask({"tap-1", "tap-2"})
    sales, support = console(consoles, SALES), console(consoles, SUPPORT)
    levels = {"tap-1": [-1.0, -1.0], "tap-2": None}
    lost = {"tap-2": {"lost": 1}}
    consoles.on_message(told("meters", levels=levels, packets=lost, second=9, bars="AQI="))
    assert sales == [
        told("meters", levels={"tap-1": [-1.0, -1.0]}, packets={}, second=9, bars="AQ==")
    ]
    assert support == [
        told(
            "meters", levels={"tap-2": None}, packets={"tap-2": {"lost": 1}}, second=9, bars="Ag=="
        )
    ]


async def test_levels_of_an_unknown_tap_come_once_its_agent_is_known(
    consoles: Consoles, agents: Known
) -> None:
    sales = console(consoles, SALES)
    levels = told("meters", levels={"tap-1": None})
    consoles.on_message(levels)
    consoles.on_message(levels)
    await settled(consoles)
    assert sales == []
    consoles.on_message(levels)
    assert (sales, agents.asked) == ([levels], [{"tap-1"}])


async def test_words_of_an_unknown_call_wait_in_order_and_are_asked_for_once(
    consoles: Consoles, agents: Known
) -> None:
    sales, support = console(consoles, SALES), console(consoles, SUPPORT)
    for n in range(3):
        consoles.on_words(words("1", n))
    await settled(consoles)
    assert sales == [words("1", n) for n in range(3)]
    assert (support, agents.asked) == ([], [{"1"}])


async def test_a_call_that_does_not_exist_is_asked_for_once(
    consoles: Consoles, agents: Known
) -> None:
    sales = console(consoles, SALES)
    for _ in range(2):
        consoles.on_words(words("404"))
        await settled(consoles)
    assert (sales, agents.asked) == ([], [{"404"}])


async def test_messages_are_dropped_while_the_database_is_away_and_come_after_that(
    consoles: Consoles, agents: Known, caplog: pytest.LogCaptureFixture
) -> None:
    sales = console(consoles, SALES)
    agents.is_away = True
    consoles.on_words(words("1", 1))
    await settled(consoles)
    assert "1 messages about calls were not sent" in caplog.text
    agents.is_away = False
    consoles.on_words(words("1", 2))
    await settled(consoles)
    assert sales == [words("1", 2)]


async def test_what_is_said_is_for_those_only_who_may_read_it(
    consoles: Consoles, agents: Known
) -> None:
    await agents.ask({"1"})
    reads, does_not = console(consoles, SALES), console(consoles, SALES, reads_words=False)
    consoles.on_words(words("1"))
    assert (reads, does_not) == ([words("1")], [])


@pytest.mark.parametrize("scope", [SALES, EVERYTHING])
async def test_a_call_is_masked_once_for_all_who_may_not_see_its_number(
    consoles: Consoles, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    mask = Mock(side_effect=descriptions.with_masked_caller)
    monkeypatch.setattr(descriptions, "with_masked_caller", mask)
    fully = console(consoles, scope)
    masked = [console(consoles, scope, full_numbers=False) for _ in range(20)]
    masked.append(console(consoles, Scope(frozenset({"sales", "support"})), full_numbers=False))
    about = {"caller": "+14155550142", "caller_name": "Ann Lee", "agent": "sales"}
    event = told("call", call={"id": "1", "legs": [], **about})
    consoles.on_message(event)
    assert (fully, mask.call_count) == ([event], 1)
    assert all(sent == [event.replace(b"+1415555", MASK)] for sent in masked)


async def test_what_has_no_numbers_is_the_same_for_all(consoles: Consoles, agents: Known) -> None:
    await agents.ask({"1", "2", "tap-1", "tap-2"})
    everything = console(consoles, EVERYTHING, full_numbers=False)
    messages = [told("meters", levels={"tap-1": None}), told("talk", calls={"2": None})]
    for message in messages:
        consoles.on_message(message)
    assert everything == messages


async def test_a_console_that_sees_other_calls_is_sent_those_only(consoles: Consoles) -> None:
    sent: list[bytes] = []
    subscriber = Subscriber(sent.append)
    for scope in (SALES, SUPPORT):
        consoles.place(subscriber, Sight(scope, reads_words=True, full_numbers=True))
        consoles.on_message(call("1", "sales"))
    consoles.on_message(call("2", "support"))
    assert sent == [call("1", "sales"), call("2", "support")]
    assert list(consoles._audiences) == [(SUPPORT, True)]
    consoles.unsubscribe(subscriber)
    assert consoles.empty
    assert not consoles._audiences


def test_an_agents_name_that_is_known_stays_and_the_oldest_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(call_agents, "MOST", 2)
    known = CallAgents()
    known.learn({"id": "1", "agent": "", "legs": []})
    known.learn({"id": "1", "agent": "sales", "legs": [{"id": "tap-1"}]})
    known.learn({"id": "1", "agent": "", "legs": []})
    assert (known.of("1"), known.of("tap-1")) == ("sales", "sales")
    known.learn({"id": "2", "agent": "support", "legs": []})
    assert (known.of("1"), known.of("2")) == (None, "support")


def test_a_message_of_an_unknown_type_has_no_subjects() -> None:
    assert subjects_of({"type": "news", "call": "1"}) == []
