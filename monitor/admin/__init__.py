"""The history for administrators: calls, their taps, and who listened. Read only.

Accounts are Django's own: a user put into the group Supervisors may listen.
"""

from __future__ import annotations

from .accounts import GroupAdmin, UserAdmin
from .actions import AdminActionAdmin
from .calls import CallAdmin
from .listens import ListenSessionAdmin
from .signins import AttemptAdmin, FailureAdmin, SignInAdmin
from .taps import TapAdmin

__all__ = [
    "AdminActionAdmin",
    "AttemptAdmin",
    "CallAdmin",
    "FailureAdmin",
    "GroupAdmin",
    "ListenSessionAdmin",
    "SignInAdmin",
    "TapAdmin",
    "UserAdmin",
]
