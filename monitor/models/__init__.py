"""The tables: calls with what belongs to them, taps, listens, leases, teams, logs, users' own."""

from __future__ import annotations

from monitor.models.account import account_label
from monitor.models.admin_action import AdminAction
from monitor.models.assigned_password import AssignedPassword
from monitor.models.call import MASKED_FIELDS, Call, caller_marks
from monitor.models.call_event import ENDINGS, CallEvent, EventSource
from monitor.models.call_report import CallReport, CallTool, CallWords
from monitor.models.hold import LegalHold
from monitor.models.ledger import AppendOnly, LedgerEntry, LedgerKind
from monitor.models.listen import ListenSession
from monitor.models.listen_reason import ListenReason
from monitor.models.mark import CallMark
from monitor.models.masked_rows import MaskableRows
from monitor.models.order import CallOrder, OrderKind
from monitor.models.pause import CallPause, PauseEnd
from monitor.models.provider_identity import ProviderIdentity
from monitor.models.rtp_lease import RtpLease
from monitor.models.talk import CallTalk, share_of
from monitor.models.tap import (
    ENDED,
    FINAL,
    CallState,
    Direction,
    Notice,
    Tap,
    TapEvent,
    TapState,
    Transport,
    lasted,
)
from monitor.models.team import Agent, Team, agents_changed, agents_changing
from monitor.models.user_settings import UserSettings

__all__ = [
    "ENDED",
    "ENDINGS",
    "FINAL",
    "MASKED_FIELDS",
    "AdminAction",
    "Agent",
    "AppendOnly",
    "AssignedPassword",
    "Call",
    "CallEvent",
    "CallMark",
    "CallOrder",
    "CallPause",
    "CallReport",
    "CallState",
    "CallTalk",
    "CallTool",
    "CallWords",
    "Direction",
    "EventSource",
    "LedgerEntry",
    "LedgerKind",
    "LegalHold",
    "ListenReason",
    "ListenSession",
    "MaskableRows",
    "Notice",
    "OrderKind",
    "PauseEnd",
    "ProviderIdentity",
    "RtpLease",
    "Tap",
    "TapEvent",
    "TapState",
    "Team",
    "Transport",
    "UserSettings",
    "account_label",
    "agents_changed",
    "agents_changing",
    "caller_marks",
    "lasted",
    "share_of",
]
