"""Consoles: the audiences of the live list in this process, one for all who see the same.

A message is cut down once for each audience, however many consoles it has. The audience that sees
all calls with full numbers is sent the messages as they came, and while there is no other they are
not even read.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from monitor.bus.keys import EVENTS, METERS, WORDS
from monitor.bus.queries import QUEUED
from monitor.bus.reader import Handler, StreamReader
from monitor.fanout.audience import Audience, Subscriber
from monitor.fanout.call_agents import CallAgents
from monitor.fanout.scoping import part_of, subjects_of
from monitor.fanout.strip_board import StripBoard
from monitor.fanout.words_delay import WordsDelay
from monitor.services import descriptions
from monitor.services.permissions import EVERYTHING, Scope, Sight
from monitor.wire import websocket_frames
from monitor.wire.fast_path import Outbox

logger = logging.getLogger(__name__)

#: What the consoles of an audience have in common: whose calls they see, and whether full numbers.
Key = tuple[Scope, bool]
EVERYTHING_FULLY: Key = (EVERYTHING, True)


class ConsoleAudience(Audience[Subscriber]):
    """The consoles whose users see the same calls, and numbers alike.

    ``readers`` are those whose users may read what is said in calls, and receive that too.
    """

    def __init__(self, outbox: Outbox, scope: Scope, full_numbers: bool) -> None:
        super().__init__(outbox)
        self.scope = scope
        self.full_numbers = full_numbers
        self.readers: Audience[Subscriber] = Audience(outbox)


class Told:
    """A message, as it came and as it was read."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.content: dict[str, Any] = json.loads(raw)

    def part(self, seen: list[str], *, full_numbers: bool) -> bytes:
        """Return what consoles are sent of it that see only these of its calls and taps."""
        if self.content["type"] == "call" and not full_numbers:
            return self._masked
        if len(seen) == len(subjects_of(self.content)):
            return self.raw
        return part_of(self.content, seen)

    @cached_property
    def _masked(self) -> bytes:
        call = descriptions.with_masked_caller(self.content["call"])
        return json.dumps({**self.content, "call": call}).encode()


class Consoles:
    """The consoles of this process. While there is one, events, levels and words are read, and the
    board has the strips that its snapshot needs."""

    def __init__(
        self,
        reader: StreamReader,
        board: StripBoard,
        delay: WordsDelay,
        call_agents: CallAgents,
    ) -> None:
        self._reader = reader
        self._board = board
        self._delay = delay
        self._call_agents = call_agents
        self._audiences: dict[Key, ConsoleAudience] = {}
        self._limited: tuple[ConsoleAudience, ...] = ()  # all but that which sees EVERYTHING_FULLY
        self._places: dict[Subscriber, ConsoleAudience] = {}
        # One console subscribes at a time, because a failed subscription would undo another's.
        self._opening = asyncio.Lock()
        self._unknown: set[str] = set()  # calls and taps whose agents are to be asked for
        self._waiting: list[Told] = []  # messages about them
        self._asking: asyncio.Task[None] | None = None

    @property
    def empty(self) -> bool:
        return not self._places

    async def subscribe(self, subscriber: Subscriber, sight: Sight) -> None:
        """Add a console. If this raises, the caller must still unsubscribe it.

        Raises bus.Unavailable while Redis is away.
        """
        # It joins first: otherwise another console that leaves now would end this subscription.
        self.place(subscriber, sight)
        async with asyncio.timeout(QUEUED):
            await self._opening.acquire()
        try:
            for key, handler in self._handlers().items():
                # For every console, because the reader resumes a key that was not a stream only
                # when it is asked again.
                await self._reader.subscribe(key, handler)
            await self._board.open()
        finally:
            self._opening.release()

    def place(self, subscriber: Subscriber, sight: Sight) -> None:
        """Have a console receive what its user sees from now on, and nothing else."""
        key = sight.scope, sight.full_numbers
        audience = self._audiences.get(key)
        if audience is None:
            audience = self._audiences[key] = ConsoleAudience(self._reader.outbox, *key)
            self._find_limited()
        if self._places.get(subscriber) is not audience:
            self._remove(subscriber)
            subscriber.join(audience)
            self._places[subscriber] = audience
        if sight.reads_words:
            subscriber.join(audience.readers)
        else:
            subscriber.leave(audience.readers)

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """Remove a console. The last one ends the reading of events, levels, words and seconds."""
        self._remove(subscriber)
        if self.empty:
            self._board.close()
            for key, handler in self._handlers().items():
                self._reader.unsubscribe(key, handler)

    def tell_all(self, message: bytes) -> None:
        """Send every console a message that is about no call."""
        for audience in tuple(self._audiences.values()):
            audience.publish(message, websocket_frames.text)

    def on_message(self, message: bytes) -> None:
        """Send an event or levels to the consoles that see its calls."""
        if everything := self._audiences.get(EVERYTHING_FULLY):
            everything.publish(message, websocket_frames.text)
        if self._limited:
            told = Told(message)
            if told.content["type"] == "call":
                self._call_agents.learn(told.content["call"])
            self._send_limited(told)

    def on_words(self, message: bytes) -> None:
        """Send what is said in a call to the consoles whose users see it and may read it."""
        everything = self._audiences.get(EVERYTHING_FULLY)
        is_sent = everything is not None and not everything.readers.empty
        if everything and is_sent:
            everything.readers.publish(message, websocket_frames.text)
        if any(not audience.readers.empty for audience in self._limited):
            is_sent |= self._send_limited(Told(message))
        if is_sent:
            self._delay.sent(message)

    def _handlers(self) -> dict[str, Handler]:
        return {EVENTS: self.on_message, METERS: self.on_message, WORDS: self.on_words}

    def _remove(self, subscriber: Subscriber) -> None:
        audience = self._places.pop(subscriber, None)
        if audience is None:
            return
        subscriber.leave(audience.readers)
        subscriber.leave(audience)
        if audience.empty:
            del self._audiences[audience.scope, audience.full_numbers]
            self._find_limited()

    def _find_limited(self) -> None:
        self._limited = tuple(
            audience for key, audience in self._audiences.items() if key != EVERYTHING_FULLY
        )

    def _send_limited(self, told: Told) -> bool:
        """Send a message to the limited consoles; return whether any is sent it.

        Levels of a tap whose agent must be asked for first are left out. Other messages wait.
        """
        by_agent: dict[str | None, list[str]] = {}
        for pk in subjects_of(told.content):
            by_agent.setdefault(self._call_agents.of(pk), []).append(pk)
        if unknown := by_agent.pop(None, []):
            self._ask_for(unknown)
            if told.content["type"] != "meters":
                self._waiting.append(told)
                return False
        sent = [self._send(audience, told, by_agent) for audience in self._limited]
        return any(sent)

    def _send(self, audience: ConsoleAudience, told: Told, by_agent: dict[Any, list[str]]) -> bool:
        """Send an audience what it sees of a message; return whether anybody is sent it."""
        is_words = told.content["type"] == "words"
        receivers = audience.readers if is_words else audience
        seen = [pk for agent in by_agent if audience.scope.has(agent) for pk in by_agent[agent]]
        if not seen or receivers.empty:
            return False
        part = told.part(seen, full_numbers=audience.full_numbers)
        receivers.publish(part, websocket_frames.text)
        return True

    def _ask_for(self, unknown: Iterable[str]) -> None:
        """Ask for the agents of calls and taps, all that come meanwhile at once."""
        self._unknown.update(unknown)
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._ask())

    async def _ask(self) -> None:
        try:
            while self._unknown:
                unknown, self._unknown = self._unknown, set()
                await self._call_agents.ask(unknown)
                waiting, self._waiting = self._waiting, []
                for told in waiting:
                    if self._send_limited(told) and told.content["type"] == "words":
                        self._delay.sent(told.raw)
        except Exception:
            logger.exception("%d messages about calls were not sent", len(self._waiting))
            self._waiting.clear()
        finally:
            self._asking = None
