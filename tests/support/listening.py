"""Listenings: begun as sockets do it, and as the ledger has them."""

from __future__ import annotations

from typing import Any

from monitor.models import LedgerKind, ListenSession, Tap
from monitor.services import openings
from monitor.services.ledger import Entry
from monitor.services.listens import Client
from tests.support.ledger import new_ledger


def begin_listening(user: Any, tap: Tap, client: Client) -> ListenSession:
    """Begin to listen as sockets do it, and return the row. Raises why that is refused."""
    opening = openings.Opening(user, tap.pk, client)
    openings.open_listens([opening])
    return ListenSession.objects.get(pk=opening.opened().session_id)


def listened(session: int, username: str = "alice", call_id: str = "call-1", **fields: Any) -> None:
    """Write that somebody listened: 60 s were sent, 50 s heard, 5 s rewound."""
    heard = {"seconds_sent": 60.0, "seconds_acknowledged": 50.0, "seconds_rewound": 5.0}
    ends = {"reason": "the page left", **heard, **fields.pop("ends", {})}
    begins = {"reads_words": True, **fields.pop("begins", {})}
    of = {"username": username, "call_id": call_id, "listen": session, **fields}
    new_ledger().append(
        [
            Entry(LedgerKind.LISTEN_BEGAN, details=begins, **of),
            Entry(LedgerKind.LISTEN_ENDED, details=ends, **of),
        ]
    )
