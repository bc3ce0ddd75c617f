"""The roles of people: Django's groups, each of which is a bundle of permissions.

A new installation has those of ROLES. Administrators change, rename and delete them, and make
others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

SUPERVISORS = "Supervisors"
LISTENING = ("view_tap", "listen_tap", "read_words", "pause_call")
HISTORY = ("view_call", "view_listensession", "view_callorder", "export_history")
ROLES: dict[str, tuple[str, ...]] = {
    SUPERVISORS: LISTENING,
    "Supervisor leads": (*LISTENING, "start_tap", "stop_tap", "see_full_numbers", *HISTORY),
    "Analysts": ("view_tap", "read_words", "view_call", "export_history"),
    "Auditors": ("view_ledgerentry", "export_history"),
}
#: The migration since which there are these roles.
INTRODUCED = ("monitor", "0022_roles")

#: What each permission allows, in the order in which a role's are told.
ABILITIES: dict[str, StrPromise] = {
    "view_tap": _("see the live list and the pages of calls"),
    "listen_tap": _("listen to calls"),
    "read_words": _("read what is said in calls"),
    "start_tap": _("have calls tapped again"),
    "stop_tap": _("stop the monitoring of calls"),
    "pause_call": _("pause the monitoring of calls"),
    "see_full_numbers": _("see callers’ full numbers"),
    "view_call": _("read the history of calls"),
    "view_listensession": _("see who listened"),
    "view_callorder": _("see who had taps started and stopped"),
    "view_ledgerentry": _("read the listening ledger"),
    "export_history": _("export what the history and the ledger show"),
    "hold_call": _("put calls on legal hold, and end that"),
    "see_all_teams": _("see the calls of all teams and of agents without one"),
}


def make_roles(sender: Any, plan: Any = None, **kwargs: Any) -> None:
    """Make the roles of a new installation, and those that one lacks which is older than they are.

    Afterwards they are the administrators': one that was deleted does not come back. ``plan`` has
    the migrations that were applied. A flush, which empties all tables, has none.
    """
    applied = [(migration.app_label, migration.name) for migration, _backwards in plan or ()]
    if plan is None or INTRODUCED in applied:
        for name in ROLES:
            ensure(name)


def ensure(name: str) -> Group:
    """Return the group of a role, which is made if there is none of this name."""
    group, made = Group.objects.get_or_create(name=name)
    if made:
        # Django creates permissions in a post_migrate handler too, which may run later.
        create_permissions(apps.get_app_config("monitor"), verbosity=0)
        wanted = Permission.objects.filter(
            content_type__app_label="monitor", codename__in=ROLES[name]
        )
        group.permissions.set(wanted)
    return group


def abilities(permissions: Iterable[Permission]) -> list[str]:
    """Return what these permissions allow, each in a few words, and how many others there are."""
    found = list(permissions)
    own = {one.codename for one in found if one.content_type.app_label == "monitor"}
    told = [str(words) for codename, words in ABILITIES.items() if codename in own]
    others = len(found) - len(told)
    if others:
        told.append(
            ngettext("%(n)s other permission", "%(n)s other permissions", others) % {"n": others}
        )
    return told
