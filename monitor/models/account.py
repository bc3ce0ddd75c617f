"""The name of an account in the history."""

from __future__ import annotations

from django.utils.translation import gettext as _


def account_label(username: str, user_id: int | None) -> str:
    """Return a user's name with the ID, because a later account may have the same name."""
    if user_id:
        return _("%(name)s (user %(id)s)") % {"name": username, "id": user_id}
    return _("%(name)s (deleted user)") % {"name": username}
