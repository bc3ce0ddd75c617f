"""CallWords: hands what is said in a call to the listeners of that call in this process."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable

from monitor.bus.keys import WORDS
from monitor.bus.reader import StreamReader

OnWords = Callable[[str], None]


class CallWords:
    """Reads each message once, however many listen, while anybody follows a call."""

    def __init__(self, reader: StreamReader) -> None:
        self._reader = reader
        self._followers: defaultdict[str, list[OnWords]] = defaultdict(list)  # by call

    async def follow(self, call: str, on_words: OnWords) -> None:
        """Call ``on_words`` with each message about a call. If this raises, the caller must still
        unfollow. Raises bus.Unavailable while Redis is away."""
        self._followers[call].append(on_words)
        await self._reader.subscribe(WORDS, self._on_message)

    def unfollow(self, call: str, on_words: OnWords) -> None:
        """End what ``follow`` began. Without that it does nothing."""
        followers = self._followers[call]
        if on_words in followers:
            followers.remove(on_words)
        if not followers:
            del self._followers[call]
        if not self._followers:
            self._reader.unsubscribe(WORDS, self._on_message)

    def _on_message(self, message: bytes) -> None:
        call = json.loads(message)["call"]
        for on_words in tuple(self._followers.get(call, ())):
            on_words(message.decode())
