"""CallAgents: which agent has which call, for the consoles that see those of some agents only."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from typing import Any

from monitor.concurrency import in_thread
from monitor.services import descriptions

MOST = 20_000  # calls and taps; what is forgotten is asked for again


class CallAgents:
    """Knows the agent of each call and tap, by their ids: from descriptions of calls, or else from
    the database. The name is empty where it is not known, or there is no such call or tap."""

    def __init__(self) -> None:
        self._names: OrderedDict[str, str] = OrderedDict()

    def of(self, pk: str) -> str | None:
        """Return the agent of a call or tap, or None if it must be asked for first."""
        return self._names.get(pk)

    def learn(self, call: dict[str, Any]) -> None:
        """Take the agent from a description of a call."""
        for pk in (call["id"], *(leg["id"] for leg in call["legs"])):
            self._keep(pk, call["agent"])

    async def ask(self, pks: Collection[str]) -> None:
        """Ask the database for the agents of calls and taps."""
        found = await in_thread(descriptions.agents_of)(pks)
        for pk in pks:
            self._keep(pk, found.get(pk, ""))

    def _keep(self, pk: str, agent: str) -> None:
        """Keep a name. A call that has one keeps it: what comes without one is older."""
        if agent or pk not in self._names:
            self._names[pk] = agent
            self._names.move_to_end(pk)
            if len(self._names) > MOST:
                self._names.popitem(last=False)
