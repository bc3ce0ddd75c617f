"""Which application an ASGI scope is for: an agent's, or the rest's."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any


class Mounts:
    """Sends ``/agents/<name>`` and what lies below it to that agent.

    The scope stays as it came: with a path that was cut or a ``root_path`` the
    SDK answers 200 to anything, or rebuilds a URL that no signature fits.
    Agents take nothing but HTTP, and an unknown name is not theirs to answer.
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
