"""The pure parts of the words table: its stamps, its lines, and what it counts."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math

import pytest

from bench.instruments import Tally
from bench.plan import Reading
from bench.wire import TEXT, ConsoleSocket
from bench.words import calls, page, table
from bench.words.stamp import stamped, told_at
from bench.words.teller import Poster, Teller, TellPlan
from monitor.adapters.carriers.signalwire import words
from monitor.wire.card_numbers import without_card_numbers
from tests.support.waiting import until

AT = 1795856645.671


def test_a_stamp_is_read_to_the_millisecond_and_is_not_taken_for_a_card_number() -> None:
    text = stamped("It is under Miller", AT)
    data = json.dumps({"text": text}).encode()
    assert told_at(data, 0, len(data)) == AT
    assert without_card_numbers(text) == text
    assert not any(letter.isdigit() for letter in text)


def test_a_text_without_a_stamp_has_none() -> None:
    data = b'{"text": "It is under Miller"}'
    assert told_at(data, 0, len(data)) is None


async def heard(message: dict[str, object]) -> int:
    """Return how many lines a console counts in a message."""
    tally, data = Tally(), json.dumps(message).encode()
    ConsoleSocket(b"", tally).message(TEXT, data, 0, len(data), 0.0)
    return tally.units_out


async def test_a_console_counts_what_is_said_from_now_on_only() -> None:
    line = {"text": stamped("Good morning", AT)}
    assert await heard({"type": "words", "lines": [line]}) == 1
    assert await heard({"type": "snapshot", "said": {"1": line}}) == 0


def test_what_is_posted_is_what_signalwire_tells_of_a_line() -> None:
    report = words.parse_events(json.dumps(calls.post(7, 1, AT)).encode())
    (event,) = report.events
    assert (report.call_id, event.role) == (calls.call_id(7), "user")
    assert event.text == stamped(calls.SENTENCES[1], AT)
    assert event.at
    assert event.at.timestamp() == pytest.approx(AT)


def test_a_message_told_again_has_the_next_line_and_the_time_of_now() -> None:
    first = {
        "type": "words",
        "call": "7",
        "from": "2026-01-01T00:00:00.000+00:00",
        "until": "2026-01-01T00:00:00.000+00:00",
        "lines": [
            {"at": "2026-01-01T00:00:00.000+00:00", "side": "caller", "text": "", "tool": None}
        ],
        "received": 0.0,
    }
    told = calls.again(first, 2, AT)
    moment = "2026-11-28T09:04:05.671+00:00"
    line = {"at": moment, "side": "agent", "text": stamped(calls.SENTENCES[2], AT), "tool": None}
    assert told == {**first, "from": moment, "until": moment, "lines": [line], "received": AT}


def test_each_call_has_its_next_line_when_all_have_had_theirs() -> None:
    told: list[tuple[int, int]] = []
    teller = Teller(TellPlan(3, 3, []), lambda call, line, at: told.append((call, line)))
    for call in (0, 1, 2, 0):
        teller.tell_call(call, 0.0)
    first = calls.SAID_BEFORE
    assert told == [(0, first), (1, first), (2, first), (0, first + 1)]


async def test_lines_are_posted_and_refusals_counted() -> None:
    posted: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
                body = json.loads(await reader.readexactly(length))
                posted.append(body["call_info"]["call_id"])
                code = b"409 Conflict" if len(posted) == 1 else b"200 OK"
                writer.write(b"HTTP/1.1 %b\r\nContent-Length: 2\r\n\r\n{}" % code)

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        poster = Poster(TellPlan(3, 3, [], port, "/calls/token/events"))
        for call in range(3):
            poster.tell(call, 0, AT)
        running = asyncio.create_task(poster.run())
        await until(lambda: (len(posted), poster.refused) == (3, 1))
        running.cancel()
        await asyncio.wait([running])
    assert sorted(posted) == [calls.call_id(n) for n in range(3)]


def reading(share: float, consoles: int) -> Reading:
    """A window of 10 s in which the server had this share of its core."""
    told = 5000 * consoles
    return Reading("x", 0, 0, consoles, 10.0, 10 * share, units_out=told, p50_ms=2.0, p99_ms=9.0)


def test_a_console_costs_what_the_windows_with_it_cost_more() -> None:
    turn = [reading(0.02, 0), reading(0.05, 1), reading(0.24, table.CONSOLES)]
    slow = [reading(0.10, 0), reading(0.14, 1), reading(0.52, table.CONSOLES)]
    found = table.cost([*turn, *slow, *turn])
    assert (found["first_percent"], found["firsts"]) == (3.0, [3.0, 4.0, 3.0])
    assert (found["more_percent"], found["mores"]) == (1.0, [1.0, 2.0, 1.0])
    assert (found["arrived"], found["p99_ms"]) == (500.0, 9.0)


@pytest.mark.parametrize(
    ("arrived", "p99_ms", "keeps_up"), [(99, 500, True), (97, 20, False), (100, 501, False)]
)
def test_a_server_keeps_up_while_what_is_posted_arrives_in_time(
    arrived: float, p99_ms: float, keeps_up: bool
) -> None:
    assert table.keeps_up({"rate": 100, "arrived": arrived, "p99_ms": p99_ms}) is keeps_up


def test_the_figures_of_a_page_are_those_of_its_window() -> None:
    seen = {
        "tasks": [[100.5, 61], [900.0, 75]],
        "arrived": list(range(1, 101)),
        "shown": [20],
        "frames": 240,
    }
    found = page.figures(seen, [(3.0, 130)], 4.0)
    assert (found["arrived_p50_ms"], found["arrived_p99_ms"]) == (50, 99)
    assert (found["long_tasks"], found["longest_ms"]) == (2, 75)
    assert (found["opening_long_tasks"], found["opening_longest_ms"]) == (1, 130)
    assert found["frames_per_second"] == 60.0


def test_a_page_to_which_nothing_came_is_not_within_a_limit() -> None:
    assert page.quantile([], 0.99) == math.inf
