"""Encrypts numbers and words for the database, if ENCRYPTION_KEYS names a key.

What is encrypted begins with the ID of its key, so that rows of several keys are read while one
replaces another. Each column has a key of its own, made of the listed one: a text that is moved
into another column cannot be read there.

    enc1:<key ID>:<ciphertext>             a text
    enc1:<key ID>:<digest>:<ciphertext>    a number: calls of the same number have the same digest
"""

from __future__ import annotations

import base64
import functools
import hmac
import os
import re
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

MARK = "enc1:"
STORED = re.compile(r"(enc1:([0-9a-f]{8}):(?:[0-9a-f]{32}:)?)([A-Za-z0-9_-]{38,})")
NONCE = 12  # bytes, as AES-GCM wants them; random, which is safe for 2^32 texts of a column
NUMBER = re.compile(r"\+?[\d\s().\-/]+")


def is_on() -> bool:
    """Return whether what is written from now on is encrypted."""
    return bool(settings.ENCRYPTION_KEYS and settings.ENCRYPTION_KEYS[0])


def may_be_there() -> bool:
    """Return whether rows may be encrypted, so that no SQL can look into them."""
    return bool(settings.ENCRYPTION_KEYS)


def encrypt(column: str, text: str, digest: str = "") -> str:
    """Return a text, encrypted with the newest key."""
    key = _keys()[0]
    head = f"{MARK}{key_id(key)}:{digest}"
    nonce = os.urandom(NONCE)
    sealed = nonce + _cipher(key, column).encrypt(nonce, text.encode(), head.encode())
    return head + base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def decrypt(column: str, stored: str) -> str | None:
    """Return a text that was encrypted, or None if its key is not listed or it was changed."""
    found = STORED.fullmatch(stored)
    key = _by_id().get(found[2]) if found else None
    if found is None or key is None:
        return None
    sealed = base64.urlsafe_b64decode(found[3] + "=" * (-len(found[3]) % 4))
    try:
        cipher = _cipher(key, column)
        return cipher.decrypt(sealed[:NONCE], sealed[NONCE:], found[1].encode()).decode()
    except InvalidTag:
        return None


def digest(column: str, number: str, key: bytes | None = None) -> str:
    """Return what the same number has in common in all rows of a column, ended by a colon."""
    made = hmac.digest(_derived(key or _keys()[0], f"digest:{column}"), _plain(number), "sha256")
    return made[:16].hex() + ":"


def number_marks(column: str, numbers: Iterable[str]) -> tuple[str, ...]:
    """Return how a column begins where it has one of these whole numbers, for each key."""
    keys = [key for key in settings.ENCRYPTION_KEYS if key]
    forms = list(dict.fromkeys(numbers))
    marks = [f"{MARK}{key_id(key)}:{digest(column, one, key)}" for key in keys for one in forms]
    return tuple(dict.fromkeys(marks))


def known_marks() -> list[str]:
    """Return how values begin that can be read, those of the newest key first."""
    return [f"{MARK}{one}:" for one in _by_id()]


def key_id(key: bytes) -> str:
    return _derived(key, "id").hex()[:8]


def _plain(number: str) -> bytes:
    """Return a number in the one form of which digests are made: +1 (202) 555-0177 is
    12025550177, and an address is compared without case."""
    text = "".join(filter(str.isdigit, number)) if NUMBER.fullmatch(number) else number
    return text.strip().casefold().encode()


def _keys() -> tuple[bytes, ...]:
    keys: tuple[bytes, ...] = settings.ENCRYPTION_KEYS
    return keys


def _by_id() -> dict[str, bytes]:
    return _ids(_keys())


@functools.lru_cache(maxsize=8)
def _ids(keys: tuple[bytes, ...]) -> dict[str, bytes]:
    return {key_id(key): key for key in keys if key}


@functools.lru_cache(maxsize=256)
def _cipher(key: bytes, column: str) -> AESGCM:
    return AESGCM(_derived(key, f"column:{column}"))


@functools.lru_cache(maxsize=256)
def _derived(key: bytes, purpose: str) -> bytes:
    """Return a key of its own for a purpose: the listed key is random, so one HMAC is enough."""
    return hmac.digest(key, f"monitor.encryption:{purpose}".encode(), "sha256")
