"""The history for administrators: calls, their taps, and who listened. Read only.

Accounts are Django's own: a user put into the group Supervisors may listen.
"""

from __future__ import annotations

from .calls import CallAdmin
from .listens import ListenSessionAdmin
from .readers import LogEntryAdmin
from .taps import TapAdmin

__all__ = ["CallAdmin", "ListenSessionAdmin", "LogEntryAdmin", "TapAdmin"]
