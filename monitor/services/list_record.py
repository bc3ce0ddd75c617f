"""Writes into the ledger whose last lines the live list shows to somebody.

There is one entry when a console is opened, one when its user sees other teams' calls, and one
when it is closed: 600 in a shift of 300 supervisors. With an entry for each call whose line is
shown, the 8,000 calls of that shift would make two million. Which calls it were follows from the
teams and the times.
"""

from __future__ import annotations

from typing import Any

from monitor.models import LedgerKind, Team
from monitor.services import ledger
from monitor.services.listens import Client
from monitor.services.permissions import Sight


def begin(user: Any, client: Client, sight: Sight) -> None:
    """Record that a console shows last lines from now on. Raises ledger.NotWritten."""
    if sight.scope.agents is None:
        teams: Any = "all"
    else:
        names = Team.objects.filter(members=user.pk).order_by("name")
        teams = list(names.values_list("name", flat=True))
    ledger.append_within([_entry(LedgerKind.LIST_BEGAN, user, client, teams=teams)])


def end(user: Any, client: Client, reason: str) -> None:
    """Record that a console shows last lines no longer. It is closed even if that fails."""
    ledger.append_anyway([_entry(LedgerKind.LIST_ENDED, user, client, reason=reason)])


def _entry(kind: LedgerKind, user: Any, client: Client, **details: Any) -> ledger.Entry:
    return ledger.Entry(
        kind,
        user_id=user.pk,
        username=user.get_username(),
        address=client.address,
        user_agent=client.user_agent,
        details=details,
    )
