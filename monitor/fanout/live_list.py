"""LiveList: describes the calls that are seen to the consoles that open in this process."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from itertools import islice
from typing import Any
from weakref import WeakValueDictionary

from django.conf import settings
from django.utils import timezone

from monitor import staticfiles
from monitor.concurrency import SharedRead, in_thread
from monitor.fanout.attention_news import AttentionNews
from monitor.fanout.call_agents import CallAgents
from monitor.fanout.strip_board import StripBoard
from monitor.services import descriptions, last_said
from monitor.services.permissions import Sight

AT_ONCE = 40  # calls that are written without a pause: each takes about 20 µs


class LiveList:
    """Writes snapshots, which consoles that open together and see the same share: after a restart
    all pages come back within seconds, and a process could not describe 500 calls for each."""

    def __init__(
        self, strip_board: StripBoard, attention_news: AttentionNews, call_agents: CallAgents
    ) -> None:
        self._strip_board = strip_board
        self._attention_news = attention_news
        self._call_agents = call_agents
        self._reads: WeakValueDictionary[Sight, SharedRead[str]] = WeakValueDictionary()

    async def snapshot(self, sight: Sight) -> str:
        """Return a snapshot of what is seen that was read since it was asked for, as JSON."""
        read = self._reads.get(sight)
        if read is None:
            read = self._reads[sight] = SharedRead(partial(self._snapshot, sight))
        return await read()

    async def _snapshot(self, sight: Sight) -> str:
        described = await in_thread(descriptions.current_calls)(scope=sight.scope)
        shown = described if sight.full_numbers else map(descriptions.with_masked_caller, described)
        calls = iter(shown)
        written = []
        while some := list(islice(calls, AT_ONCE)):
            written += [self._written(call) for call in some]
            await asyncio.sleep(0)  # audio must not wait until all calls are written
        await self._attention_news.look()
        about: dict[str, Any] = {
            "type": "snapshot",
            "build": staticfiles.build(),
            "come_back_ms": settings.COME_BACK_MS,
            "attention_watched": self._attention_news.is_watched,
        }
        if sight.reads_words:
            about["said"] = await in_thread(last_said.of_calls)([call["id"] for call in described])
        about["now"] = timezone.now().isoformat()  # as late as can be: pages set their clock by it
        return f'{json.dumps(about)[:-1]}, "calls": [{", ".join(written)}]}}'

    def _written(self, call: dict[str, Any]) -> str:
        self._call_agents.learn(call)
        for leg in call["legs"]:
            leg["strip"] = self._strip_board.describe(leg["id"])
        return json.dumps(call)
