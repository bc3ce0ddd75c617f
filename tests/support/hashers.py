"""A password hasher that costs the tests little."""

from __future__ import annotations

import functools

from django.contrib.auth.hashers import PBKDF2PasswordHasher

SALT = "only-for-tests-whose-hash-is-kept"  # Django replaces a hash whose salt is short


class RememberingHasher(PBKDF2PasswordHasher):
    """Computes the real hash of each password only once, because that takes 0.5 s on purpose.

    The hashes are real, so a test's server, which has settings of its own, accepts the passwords.
    """

    def salt(self) -> str:
        return SALT

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        return _encode(password, salt, iterations)


@functools.cache
def _encode(password: str, salt: str, iterations: int | None) -> str:
    return PBKDF2PasswordHasher().encode(password, salt, iterations)
