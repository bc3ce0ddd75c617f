"""A tap's two URLs, and the unguessable tokens in them.

A token is the tap's id, signed with an HMAC-SHA256 of SECRET_KEY (SECRET_KEY_FALLBACKS verify
too) under a salt for its one purpose. A status token therefore opens no media socket, and the id
that browsers see opens neither. The token is in the path, because SignalWire has not been seen to
pass a query on. It has only characters that no client escapes, because the webhook's signature
covers the URL byte for byte. ``monitor.services.media`` decides whether a token may still be used.
"""

from __future__ import annotations

import datetime
import uuid
from typing import Literal

from django.conf import settings
from django.core import signing

from monitor.models import Tap, Transport

Purpose = Literal["media", "status"]

#: A media token that has not been used for this long is dead.
FIRST_CONNECT = datetime.timedelta(seconds=120)


def _signer(purpose: Purpose) -> signing.Signer:
    return signing.Signer(sep=".", salt=f"monitor.tap.{purpose}")


def make(purpose: Purpose, tap_id: uuid.UUID) -> str:
    """Return the token of a tap for one purpose."""
    return _signer(purpose).sign(tap_id.hex)


def read(purpose: Purpose, token: str) -> uuid.UUID | None:
    """Return the tap id in a token, or None if it was not made here for this purpose."""
    try:
        return uuid.UUID(_signer(purpose).unsign(token))
    except (signing.BadSignature, ValueError):
        return None


def media_uri(tap: Tap) -> str:
    """Return the ``ws(s)://`` or ``rtp://`` address that SignalWire streams a tap to."""
    if tap.transport == Transport.RTP:
        return f"rtp://{tap.rtp_lease.address}:{tap.rtp_lease.port}"
    return f"{settings.PUBLIC_URL.replace('http', 'ws', 1)}/tap/{make('media', tap.id)}"


def status_url(tap: Tap) -> str:
    """Return the address that SignalWire posts a tap's status to."""
    return f"{settings.PUBLIC_URL}/tap/{make('status', tap.id)}/status"
