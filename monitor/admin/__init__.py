"""The admin: a read-only history of calls, taps, orders and listeners; teams; and the accounts.

Accounts are Django's own, and so are groups, which are the roles of their members.
"""

from __future__ import annotations

from monitor.admin.accounts import GroupAdmin, UserAdmin
from monitor.admin.actions import AdminActionAdmin
from monitor.admin.calls import CallAdmin
from monitor.admin.ledger import LedgerEntryAdmin
from monitor.admin.listens import ListenSessionAdmin
from monitor.admin.orders import CallOrderAdmin
from monitor.admin.signins import AttemptAdmin, FailureAdmin, SignInAdmin
from monitor.admin.taps import TapAdmin
from monitor.admin.teams import AgentAdmin, TeamAdmin

__all__ = [
    "AdminActionAdmin",
    "AgentAdmin",
    "AttemptAdmin",
    "CallAdmin",
    "CallOrderAdmin",
    "FailureAdmin",
    "GroupAdmin",
    "LedgerEntryAdmin",
    "ListenSessionAdmin",
    "SignInAdmin",
    "TapAdmin",
    "TeamAdmin",
    "UserAdmin",
]
