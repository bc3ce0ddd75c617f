"""The two users of the demo."""

from __future__ import annotations

import json
import secrets

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from .groups import SUPERVISORS

SUPERVISOR = "supervisor"
ADMINISTRATOR = "admin"


def ensure_users() -> dict[str, str]:
    """Make the demo users. Their passwords are made up once for a checkout and
    kept beside its database, so that a restart signs nobody out."""
    kept = settings.VAR_DIR / "demo-users.json"
    passwords: dict[str, str] = json.loads(kept.read_text()) if kept.is_file() else {}
    for name in (SUPERVISOR, ADMINISTRATOR):
        passwords.setdefault(name, secrets.token_urlsafe(9))
        user, made = get_user_model().objects.get_or_create(username=name)
        if made or not user.check_password(passwords[name]):
            user.set_password(passwords[name])
        user.is_staff = user.is_superuser = name == ADMINISTRATOR
        user.save()
        user.groups.add(Group.objects.get(name=SUPERVISORS))
    kept.touch(mode=0o600)
    kept.write_text(json.dumps(passwords))
    return passwords
