"""Admission: checks who comes. Those who come together are checked together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from monitor.concurrency import Coalesced, Writes
from monitor.services.sign_ins import SignIn, sign_in_of
from monitor.wire.close import CloseCode, Closed

#: Sockets that are checked in one turn of the database's thread. One takes about 1 ms, and who
#: else needs the database waits meanwhile.
AT_ONCE = 50

Check = Callable[[SignIn], None]


@dataclass(slots=True, eq=False)
class _Coming:
    """A socket that asks to be let in, and the outcome once it is checked."""

    session_key: str
    check: Check
    sign_in: SignIn | None = None
    error: Exception | None = None
    has_left: bool = False


class Admission:
    """Lets sockets in, or raises what is against it.

    A floor that comes back has several sockets of each session. The session, its user and the
    user's permissions are then read once.
    """

    def __init__(self, writes: Writes) -> None:
        self._check = Coalesced(_check_all, writes, AT_ONCE)

    async def __call__(self, session_key: str, check: Check) -> SignIn:
        """Return who is signed in by a session, once ``check`` has not raised anything.

        ``check`` may read and write the database. Raises Closed if nobody is signed in, and what
        ``check`` raises.
        """
        coming = _Coming(session_key, check)
        try:
            await self._check(coming)
        except asyncio.CancelledError:
            coming.has_left = True
            raise
        if coming.error is not None:
            raise coming.error
        if coming.sign_in is None:
            raise Closed(CloseCode.NOT_SIGNED_IN, "not signed in")
        return coming.sign_in


def _check_all(coming: Sequence[_Coming]) -> None:
    sign_ins: dict[str, SignIn | None] = {}
    for one in coming:
        if one.has_left:
            continue
        try:
            if one.session_key not in sign_ins:
                sign_ins[one.session_key] = sign_in_of(one.session_key)
            one.sign_in = sign_ins[one.session_key]
            if one.sign_in is not None:
                one.check(one.sign_in)
        except Exception as error:
            one.error = error
