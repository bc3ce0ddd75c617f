"""How the entries of a ledger's chain hang together: each has a MAC of itself and of the last."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.conf import settings

#: What the MAC of an entry covers, in this order, after the MAC of the entry before.
FIELDS = (
    "chain",
    "number",
    "at",
    "kind",
    "user_id",
    "username",
    "call_id",
    "tap",
    "listen",
    "address",
    "user_agent",
    "details",
)


class Tip(NamedTuple):
    """The newest entry of a chain, as far as somebody knows. ``mac`` may be left out."""

    chain: str
    number: int = 0
    mac: str = ""


def key() -> bytes:
    """Return the key of the MACs: LEDGER_KEY, or one that is made of SECRET_KEY."""
    if settings.LEDGER_KEY:
        return str(settings.LEDGER_KEY).encode()
    return hmac.new(settings.SECRET_KEY.encode(), b"monitor.ledger", hashlib.sha256).digest()


def mac_of(key: bytes, before: str, values: Iterable[Any]) -> str:
    """Return the MAC of an entry with these values of FIELDS, in hexadecimal digits.

    ``before`` is the MAC of the entry before, or "" for the first one of a chain.
    """
    covered = json.dumps([before, *values], separators=(",", ":"), default=_plain)
    return hmac.digest(key, covered.encode(), "sha256").hex()


def _plain(value: Any) -> str:
    """Return the text of a moment or a UUID, which JSON has no form for."""
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat()
    return str(value)
