"""Second factors of users, and the codes that an authenticator app shows."""

from __future__ import annotations

import time
from typing import Any

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth.models import User
from django.test import Client

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def add_app(user: User) -> None:
    """Give a user an authenticator app with this secret."""
    totp.TOTP.activate(user, SECRET)


def recovery_codes(user: User) -> list[str]:
    """Make a user's recovery codes."""
    return list(RecoveryCodes.activate(user).generate_codes())


def code(secret: str = SECRET) -> str:
    """Return the code that the app shows now."""
    return str(totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30)))


def wrong_code() -> str:
    """Return a code that the app shows neither now nor in the next minutes."""
    now = int(time.time()) // 30
    shown = {totp.hotp_value(SECRET, now + step) for step in range(-5, 6)}
    return str(totp.format_hotp_value(next(n for n in range(20) if n not in shown)))


def type_password(client: Client, username: str = "alice", **extra: Any) -> Any:
    """Do the first step of signing in, as one of the cast."""
    return client.post(
        "/login", {"username": username, "password": f"{username}'s password", **extra}
    )


def type_code(client: Client, typed: str, **headers: Any) -> Any:
    """Do the second step of signing in."""
    return client.post("/login/second-factor", {"code": typed}, **headers)


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session
