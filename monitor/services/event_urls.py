"""The two URLs at which an agent's calls are told of, and the tokens in them.

As in ``tap_urls``, a token is signed with an HMAC-SHA256 of SECRET_KEY, for one purpose. It names
an agent, because SignalWire is given the URL before there is a call. It is therefore good for as
long as SECRET_KEY is; SignalWire's login, which its webhooks carry in the URL, is asked for too.
"""

from __future__ import annotations

import base64
import binascii
from typing import Literal
from urllib.parse import quote

from django.conf import settings
from django.core import signing

Purpose = Literal["events", "summary"]

MAX_AGENT = 100  # characters of an agent's name


def _signer(purpose: Purpose) -> signing.Signer:
    return signing.Signer(sep=".", salt=f"monitor.calls.{purpose}")


def make(purpose: Purpose, agent: str) -> str:
    """Return the token of an agent for one purpose. It has no character that a client escapes."""
    name = base64.urlsafe_b64encode(agent[:MAX_AGENT].encode()).decode().rstrip("=")
    return _signer(purpose).sign(name)


def read(purpose: Purpose, token: str) -> str | None:
    """Return the agent's name in a token, or None if it was not made here for this purpose."""
    try:
        name = _signer(purpose).unsign(token)
        return base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()
    except (signing.BadSignature, binascii.Error, UnicodeDecodeError):
        return None


def url(purpose: Purpose, agent: str) -> str:
    """Return the address for an agent's posts, with the login that SignalWire is to send."""
    scheme, _, host = settings.PUBLIC_URL.partition("://")
    login = ""
    if needs_login():
        user, password = settings.SWML_BASIC_AUTH_USER, settings.SWML_BASIC_AUTH_PASSWORD
        login = f"{quote(user, safe='')}:{quote(password, safe='')}@"
    return f"{scheme}://{login}{host}/calls/{make(purpose, agent)}/{purpose}"


def needs_login() -> bool:
    """Return whether a login is set that SignalWire can be asked for."""
    return bool(settings.SWML_BASIC_AUTH_USER and settings.SWML_BASIC_AUTH_PASSWORD)
