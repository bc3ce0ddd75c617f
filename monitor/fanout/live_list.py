"""LiveList: describes all calls to the consoles that open in this process."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from itertools import islice
from typing import Any

from django.utils import timezone

from monitor import staticfiles
from monitor.concurrency import SharedRead, in_thread
from monitor.fanout.attention_news import AttentionNews
from monitor.fanout.strip_board import StripBoard
from monitor.services import descriptions, last_said

AT_ONCE = 40  # calls that are written without a pause: each takes about 20 µs


class LiveList:
    """Writes snapshots, which consoles that open together share: after a restart all pages come
    back within seconds, and a process could not describe 500 calls anew for each of them."""

    def __init__(self, strip_board: StripBoard, attention_news: AttentionNews) -> None:
        self._strip_board = strip_board
        self._attention_news = attention_news
        #: Returns a snapshot that was read since it was asked for, as JSON.
        self.snapshot = SharedRead(self._snapshot)
        #: The same for those who may read what is said.
        self.snapshot_with_words = SharedRead(partial(self._snapshot, with_words=True))

    async def _snapshot(self, *, with_words: bool = False) -> str:
        described = await in_thread(descriptions.current_calls)()
        calls = iter(described)
        written = []
        while some := list(islice(calls, AT_ONCE)):
            written += [json.dumps(self._with_strips(call)) for call in some]
            await asyncio.sleep(0)  # audio must not wait until all calls are written
        await self._attention_news.look()
        about: dict[str, Any] = {
            "type": "snapshot",
            "build": staticfiles.build(),
            "attention_watched": self._attention_news.is_watched,
        }
        if with_words:
            about["said"] = await in_thread(last_said.of_calls)([call["id"] for call in described])
        about["now"] = timezone.now().isoformat()  # as late as can be: pages set their clock by it
        return f'{json.dumps(about)[:-1]}, "calls": [{", ".join(written)}]}}'

    def _with_strips(self, call: dict[str, Any]) -> dict[str, Any]:
        for leg in call["legs"]:
            leg["strip"] = self._strip_board.describe(leg["id"])
        return call
