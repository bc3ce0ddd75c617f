"""The two users of the demo, and the team whose calls its supervisor sees."""

from __future__ import annotations

import json
import secrets

from django.conf import settings
from django.contrib.auth import get_user_model

from monitor.services import groups, teams

# Names that nobody else has: the account of a real user must not be taken over.
SUPERVISOR = "demo-supervisor"
ADMINISTRATOR = "demo-admin"
TEAM = "Demo"


def ensure_users() -> dict[str, str]:
    """Make the demo's users, and return their passwords.

    A checkout's passwords are made up once and kept beside its database, so that a restart
    signs nobody out.
    """
    kept = settings.VAR_DIR / "demo-users.json"
    passwords: dict[str, str] = json.loads(kept.read_text()) if kept.is_file() else {}
    for name in (SUPERVISOR, ADMINISTRATOR):
        passwords.setdefault(name, secrets.token_urlsafe(9))
        user, made = get_user_model().objects.get_or_create(username=name)
        if made or not user.check_password(passwords[name]):
            user.set_password(passwords[name])
        user.is_staff = user.is_superuser = name == ADMINISTRATOR
        user.is_active = True
        user.save()
        user.groups.add(groups.ensure(groups.SUPERVISORS))
        if name == SUPERVISOR:
            teams.ensure_for_new_agents(TEAM).members.add(user)
    kept.touch(mode=0o600)
    kept.write_text(json.dumps(passwords))
    return passwords


def lock_users() -> list[str]:
    """Keep the demo's users from signing in, and return the names of those who could."""
    names = (SUPERVISOR, ADMINISTRATOR)
    active = get_user_model().objects.filter(username__in=names, is_active=True)
    users = list(active.order_by("username"))
    for user in users:
        user.is_active = False
        user.save()
    return [user.get_username() for user in users]
