"""How the ledger's chains stand, for /metrics: how long each is, how old its newest entry, and the
tip of it that was published last."""

from __future__ import annotations

import datetime
from typing import NamedTuple

from django.utils import timezone

from monitor.services import ledger
from monitor.services.ledger_chain import Tip

#: A chain that was written so long ago is that of a process that has ended.
WITHIN = datetime.timedelta(days=1)


class ChainState(NamedTuple):
    """The newest entry of a chain, and its tip that was published last."""

    chain: str
    entries: int
    age: float  # seconds
    published: Tip | None


def chain_states() -> list[ChainState]:
    """Return the state of each chain that was written within a day.

    The tips are published every ten minutes. The MAC of each entry would be too many time series.
    """
    now = timezone.now()
    published = {tip.chain: tip for tip in ledger.published_tips()}
    return [
        ChainState(
            chain=row.chain,
            entries=row.number,
            age=(now - row.at).total_seconds(),
            published=published.get(row.chain),
        )
        for row in ledger.newest_entries()
        if now - row.at < WITHIN
    ]
