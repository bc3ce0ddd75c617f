"""Writes sign-ins and sign-outs into the listening ledger.

``monitor.web.lockout`` has sign-ins that are refused written, because it knows which of them count.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest

from monitor.models import LedgerKind
from monitor.services import ledger, provider_accounts


def connect() -> None:
    """Register for every sign-in and sign-out, whichever page it comes from."""
    user_logged_in.connect(_on_sign_in)
    user_logged_out.connect(_on_sign_out)


def _on_sign_in(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Record a sign-in. Raises ledger.NotWritten; the session is then not kept, because Django
    keeps none of a request that is answered with 500 or more."""
    identity = provider_accounts.identity_of(user)
    details = {"subject": identity.subject} if identity else {}
    ledger.append_within([ledger.by_user(user, request, LedgerKind.SIGNED_IN, **details)])


def _on_sign_out(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Record a sign-out. It is done all the same where that is not possible."""
    if user is not None:
        ledger.append_anyway([ledger.by_user(user, request, LedgerKind.SIGNED_OUT)])
