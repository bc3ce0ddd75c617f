"""Followers: the sockets of this process that follow what some messages of a stream are about."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from monitor.bus.keys import EVENTS, WORDS
from monitor.bus.reader import StreamReader

Message = dict[str, Any]
#: Is called with a message as it was read, and as it came.
OnMessage = Callable[[Message, bytes], None]


class Followers:
    """Reads each message of a stream once, however many follow, and hands it to those who follow
    what it is about. While nobody follows anything, the stream is not read.

    ``subjects`` returns the ids of what a message is about.
    """

    def __init__(
        self, reader: StreamReader, key: str, subjects: Callable[[Message], Iterable[str]]
    ) -> None:
        self._reader = reader
        self._key = key
        self._subjects = subjects
        self._followers: defaultdict[str, list[OnMessage]] = defaultdict(list)  # by subject

    async def follow(self, subject: str, on_message: OnMessage) -> None:
        """Call ``on_message`` with each message about a subject. If this raises, the caller must
        still unfollow. Raises bus.Unavailable while Redis is away."""
        self._followers[subject].append(on_message)
        await self._reader.subscribe(self._key, self._on_entry)

    def unfollow(self, subject: str, on_message: OnMessage) -> None:
        """End what ``follow`` began. Without that it does nothing."""
        followers = self._followers[subject]
        if on_message in followers:
            followers.remove(on_message)
        if not followers:
            del self._followers[subject]
        if not self._followers:
            self._reader.unsubscribe(self._key, self._on_entry)

    def _on_entry(self, value: bytes) -> None:
        message = json.loads(value)
        for subject in self._subjects(message):
            for on_message in tuple(self._followers.get(subject, ())):
                on_message(message, value)


def call_words(reader: StreamReader) -> Followers:
    """Return those who follow what is said in calls."""
    return Followers(reader, WORDS, lambda message: [message["call"]])


def tap_events(reader: StreamReader) -> Followers:
    """Return those who follow what happens to taps and their calls."""
    return Followers(reader, EVENTS, _taps_of)


def _taps_of(event: Message) -> Iterable[str]:
    """Return the taps that an event is about."""
    if event["type"] == "call":
        return [leg["id"] for leg in event["call"]["legs"]]
    return [event["tap"]] if event["type"] == "stall" else []
