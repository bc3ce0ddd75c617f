"""The accounts: Django's own pages, whose every change is kept in the admin's log."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth import admin as auth
from django.contrib.auth.models import Group, User

from .log import Logged

admin.site.unregister([User, Group])


@admin.register(User)
class UserAdmin(Logged, auth.UserAdmin):  # type: ignore[type-arg]  # no generic at run time
    """A user put into the group Supervisors may listen."""


@admin.register(Group)
class GroupAdmin(Logged, auth.GroupAdmin):
    """What the users of a group may do."""
