"""The group for new supervisors."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

SUPERVISORS = "Supervisors"
SUPERVISOR_PERMISSIONS = ("listen_tap", "view_tap", "view_call", "read_words", "pause_call")


def ensure_supervisors(sender: Any, **kwargs: Any) -> None:
    """Create the group Supervisors once; what administrators change in it later stays."""
    group, made = Group.objects.get_or_create(name=SUPERVISORS)
    if made:
        # Django creates permissions in a post_migrate handler too, which may run later.
        create_permissions(sender, verbosity=0)
        wanted = Permission.objects.filter(
            content_type__app_label="monitor", codename__in=SUPERVISOR_PERMISSIONS
        )
        group.permissions.set(wanted)
