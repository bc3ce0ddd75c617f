"""SignalWire's signature of a webhook."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping


def is_signed(url: str, headers: Mapping[str, str], body: bytes, keys: Iterable[str]) -> bool:
    """Return whether SignalWire signed the body that it posted to ``url`` with one of the keys.

    SignalWire signs a JSON body with an HMAC in lower-case hex, keyed with the project's signing
    key, over the public URL and the raw body. The newer header holds SHA-256, and decides if it
    is present; the older one holds SHA-1.
    """
    message = url.encode() + body
    given = headers.get("X-SignalWire-Sha256-Signature")
    digest = hashlib.sha256
    if given is None:
        given = headers.get("X-SignalWire-Signature", "")
        digest = hashlib.sha1
    expected = [hmac.new(key.encode(), message, digest).hexdigest() for key in keys]
    return any(hmac.compare_digest(one.encode(), given.encode()) for one in expected)


def signed(url: str, body: bytes, key: str) -> dict[str, str]:
    """Return the headers with which SignalWire signs a body that it posts to ``url``."""
    secret, message = key.encode(), url.encode() + body
    return {
        "X-SignalWire-Sha256-Signature": hmac.new(secret, message, hashlib.sha256).hexdigest(),
        "X-SignalWire-Signature": hmac.new(secret, message, hashlib.sha1).hexdigest(),
    }
