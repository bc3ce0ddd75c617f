"""A signed list of the ledger's tips, to be kept where nobody who can change the ledger can reach.

It proves later that all entries up to those tips are there: see ``LedgerCheck``.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils import timezone

from monitor.services import ledger
from monitor.services.ledger_chain import Tip, key

PURPOSE = b"monitor.ledger.tips\n"  # so that no MAC of an entry is one of a list


class NotSigned(Exception):
    """A text is no list of tips, or was not signed with any of the keys."""


def signed_tips() -> str:
    """Return the tips of the chains that were written last and the time, with a MAC, as JSON."""
    told = {"at": timezone.now().isoformat(), "tips": [list(tip) for tip in ledger.tips()]}
    return json.dumps({**told, "mac": _mac(key(), told)}, indent=1)


def read_tips(text: str, keys: Sequence[bytes]) -> list[Tip]:
    """Return the tips of a signed list. Raises NotSigned."""
    try:
        told = json.loads(text)
        mac = told.pop("mac")
        tips = [Tip(*one) for one in told["tips"]]
    except (ValueError, TypeError, KeyError, AttributeError):
        raise NotSigned("it is not a list of tips") from None
    if not _is_signed(told, str(mac), keys):
        raise NotSigned("it was changed, or another key has signed it")
    return tips


def _is_signed(told: dict[str, Any], mac: str, keys: Iterable[bytes]) -> bool:
    return any(hmac.compare_digest(_mac(one, told).encode(), mac.encode()) for one in keys)


def _mac(secret: bytes, told: dict[str, Any]) -> str:
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return hmac.digest(secret, PURPOSE + text.encode(), "sha256").hex()
