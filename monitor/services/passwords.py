"""Passwords that an administrator set, and that their users still have to change."""

from __future__ import annotations

from typing import Any

from monitor.models import AssignedPassword


def mark_assigned(user: Any) -> None:
    """Record that somebody else has set this user's password, or has taken it away."""
    if user.has_usable_password():
        AssignedPassword.objects.get_or_create(user=user)
    else:
        AssignedPassword.objects.filter(user=user).delete()


def mark_chosen(user: Any) -> None:
    """Record that this user has chosen their password."""
    AssignedPassword.objects.filter(user=user).delete()


def is_assigned(user: Any) -> bool:
    """Return whether somebody else set this user's password."""
    return AssignedPassword.objects.filter(user=user).exists()
