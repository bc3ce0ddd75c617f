"""Seals texts: only a holder of SECRET_KEY can read one, and nobody else can make one.

Django's signing shows what it signs, so it is not enough for a URL that has a password in it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


def seal(text: str) -> str:
    """Return the text encrypted, in characters that no client escapes in a path."""
    return _box().encrypt(text.encode()).decode().rstrip("=")


def unseal(sealed: str) -> str | None:
    """Return the text, or None if it was not sealed here. SECRET_KEY_FALLBACKS open it, too."""
    try:
        return _box().decrypt(sealed + "=" * (-len(sealed) % 4)).decode()
    except InvalidToken:
        return None


def _box() -> MultiFernet:
    return MultiFernet([_key(one) for one in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(secret: str) -> Fernet:
    """Return a key of its own for this use: SECRET_KEY is long, so one HMAC is enough."""
    derived = hmac.new(secret.encode(), b"monitor.sealing", hashlib.sha256).digest()
    return Fernet(base64.urlsafe_b64encode(derived))
