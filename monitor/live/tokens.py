"""Unguessable names for a tap's two URLs.

A token is the tap's id under an HMAC-SHA256 of SECRET_KEY (SECRET_KEY_FALLBACKS
verify too) with a salt for its one purpose, so a status token opens no media
socket and the id that browsers see opens neither. It lies in the path, for
nobody has seen SignalWire pass a query on; and only of characters that no
client escapes, for the webhook's signature covers the URL byte for byte.
Whether it is still good (first use in time, tap not ended) is for
``monitor.media`` to say.
"""

from __future__ import annotations

import uuid
from typing import Literal

from django.core import signing

Purpose = Literal["media", "status"]


def _signer(purpose: Purpose) -> signing.Signer:
    return signing.Signer(sep=".", salt=f"monitor.tap.{purpose}")


def make(purpose: Purpose, tap_id: uuid.UUID) -> str:
    """The token of a tap for one purpose."""
    return _signer(purpose).sign(tap_id.hex)


def read(purpose: Purpose, token: str) -> uuid.UUID | None:
    """The tap id in a token, or None if the token was not made here for this purpose."""
    try:
        return uuid.UUID(_signer(purpose).unsign(token))
    except (signing.BadSignature, ValueError):
        return None
