"""What a user may see and hear."""

from __future__ import annotations

from typing import Any


def may_listen(user: Any) -> bool:
    """Return whether a user may hear taps."""
    return bool(user.is_active and user.has_perm("monitor.listen_tap"))


def may_watch(user: Any) -> bool:
    """Return whether a user may see the live list."""
    return bool(user.is_active and user.has_perm("monitor.view_tap"))


def may_see_listeners(user: Any) -> bool:
    """Return whether a user may read who listened to a call, and when."""
    return bool(user.is_active and user.has_perm("monitor.view_listensession"))


def may_read_words(user: Any) -> bool:
    """Return whether a user may read what is said in calls."""
    return bool(user.is_active and user.has_perm("monitor.read_words"))


def may_start(user: Any) -> bool:
    """Return whether a user may have running calls tapped."""
    return bool(user.is_active and user.has_perm("monitor.start_tap"))


def may_stop(user: Any) -> bool:
    """Return whether a user may end the taps of a call, for everybody who listens."""
    return bool(user.is_active and user.has_perm("monitor.stop_tap"))


def sees_all_teams(user: Any) -> bool:
    """Return whether a user sees the calls of all teams, and of agents without one."""
    return bool(user.is_active and user.has_perm("monitor.see_all_teams"))
