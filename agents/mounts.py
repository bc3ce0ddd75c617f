"""Dispatches ASGI scopes to the agents, and all others to the rest of the application."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

from monitor.wire.body_limit import MIB, PathLimit

#: A call's transcript comes with its summary.
BODY_LIMIT = PathLimit(re.compile(r"/agents/.*", re.DOTALL), 10 * MIB)


class Mounts:
    """Sends ``/agents/<name>`` and every path below it to that agent.

    The scope is passed on unchanged. With a shortened path or a ``root_path``, the SDK answers
    200 to any request, or rebuilds a URL that no signature matches. Agents get only HTTP; a name
    that no agent has is left to the rest.
    """

    def __init__(self, agents: Mapping[str, Any], rest: Any) -> None:
        self._agents = agents
        self._rest = rest

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        app = self._rest
        if scope["type"] == "http":
            route = "/".join(scope["path"].split("/", 3)[:3])
            app = self._agents.get(route, app)
        await app(scope, receive, send)
