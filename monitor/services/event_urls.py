"""The two URLs at which an agent's calls are told of, and the tokens in them.

As in ``tap_urls``, a token is signed with an HMAC-SHA256 of SECRET_KEY, for one purpose. It names
an agent, because SignalWire is given the URL before there is a call. It is therefore good for as
long as SECRET_KEY is; SignalWire's login, which its webhooks carry in the URL, is asked for too.

SignalWire posts to one URL only. Where an agent has its own, the token has that URL sealed in it,
and what is posted to us is passed on to it. The token needs no row, so the agent may run in another
process, may have no database, and may use another URL for each call. Nobody without SECRET_KEY can
make a token, so nobody else can choose where we post to.
"""

from __future__ import annotations

import base64
import binascii
from typing import Literal, NamedTuple
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.core import signing

from monitor.services.sealing import seal, unseal

Purpose = Literal["events", "summary"]

MAX_AGENT = 100  # characters of an agent's name
#: Characters of an agent's own URL. Sealed they are a third more, and servers take some 8 kB.
MAX_OWN = 2000
#: What begins a variable in SWML. SignalWire fills it in, which it could not do in a sealed URL.
SWML_VARIABLES = ("${", "%{")


class Told(NamedTuple):
    """What a token says: which agent is told of, and its own URL, if it has one."""

    agent: str
    own_url: str = ""


def _signer(purpose: Purpose) -> signing.Signer:
    return signing.Signer(sep=".", salt=f"monitor.calls.{purpose}")


def make(purpose: Purpose, agent: str, own_url: str = "") -> str:
    """Return the token of an agent for one purpose. It has no character that a client escapes."""
    name = base64.urlsafe_b64encode(agent[:MAX_AGENT].encode()).decode().rstrip("=")
    return _signer(purpose).sign(f"{name}.{seal(own_url)}" if own_url else name)


def read(purpose: Purpose, token: str) -> Told | None:
    """Return what a token says, or None if it was not made here for this purpose."""
    try:
        name, _, sealed = _signer(purpose).unsign(token).partition(".")
        agent = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()
    except (signing.BadSignature, binascii.Error, UnicodeDecodeError):
        return None
    return Told(agent, unseal(sealed) or "" if sealed else "")


def can_carry(own_url: str) -> bool:
    """Return whether a token can have this URL of an agent's in it."""
    try:
        parts = urlsplit(own_url)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    has_variable = any(mark in own_url for mark in SWML_VARIABLES)
    return is_web and not has_variable and len(own_url) <= MAX_OWN


def url(purpose: Purpose, agent: str, own_url: str = "") -> str:
    """Return the address for an agent's posts, with the login that SignalWire is to send."""
    scheme, _, host = settings.PUBLIC_URL.partition("://")
    login = ""
    if needs_login():
        user, password = settings.SWML_BASIC_AUTH_USER, settings.SWML_BASIC_AUTH_PASSWORD
        login = f"{quote(user, safe='')}:{quote(password, safe='')}@"
    return f"{scheme}://{login}{host}/calls/{make(purpose, agent, own_url)}/{purpose}"


def needs_login() -> bool:
    """Return whether a login is set that SignalWire can be asked for."""
    return bool(settings.SWML_BASIC_AUTH_USER and settings.SWML_BASIC_AUTH_PASSWORD)
