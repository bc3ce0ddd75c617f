"""Admission: checks who comes. Those who come together are checked together."""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from monitor.concurrency import in_thread
from monitor.services.permissions import TapRules
from monitor.services.sign_ins import SignIn, sign_ins_of
from monitor.wire.close import CloseCode, Closed

#: Sockets that are checked in one turn of the database's thread, and as many of the last session.
#: One takes about 1 ms, and who else needs the database waits meanwhile.
AT_ONCE = 50

Check = Callable[[SignIn, TapRules], None]


@dataclass(slots=True, eq=False)
class _Coming:
    """A socket that asks to be let in."""

    check: Check
    tap_id: uuid.UUID | None  # that it asks for, if it does
    outcome: asyncio.Future[SignIn]  # cancelled if the socket has left
    sign_in: SignIn | None = None
    error: Exception | None = None

    def settle(self) -> None:
        """Tell the socket what was found."""
        if self.outcome.done():
            return
        if self.sign_in is None:
            not_signed_in = Closed(CloseCode.NOT_SIGNED_IN, "not signed in")
            self.outcome.set_exception(self.error or not_signed_in)
        else:
            self.outcome.set_result(self.sign_in)


class Admission:
    """Lets sockets in, or raises what is against it.

    A floor that comes back has hundreds of sockets, several of each session. For all sockets of a
    turn their sessions, users and permissions are read at once, and what decides who may hear
    their taps.
    """

    def __init__(self) -> None:
        self._waiting: defaultdict[str, list[_Coming]] = defaultdict(list)  # by session
        self._checking: asyncio.Task[None] | None = None

    async def __call__(
        self, session_key: str, check: Check, tap_id: uuid.UUID | None = None
    ) -> SignIn:
        """Return who is signed in by a session, once ``check`` has not raised anything.

        ``tap_id`` is the tap that is asked for. ``check`` may read and write the database. Raises
        Closed if nobody is signed in, and what ``check`` raises.
        """
        coming = _Coming(check, tap_id, asyncio.get_running_loop().create_future())
        self._waiting[session_key].append(coming)
        if self._checking is None:
            self._checking = asyncio.create_task(self._check_waiting())
        return await coming.outcome

    async def _check_waiting(self) -> None:
        try:
            while self._waiting:
                turn = self._next_turn()
                await in_thread(_check_all)(turn)
                for sockets in turn.values():
                    for one in sockets:
                        one.settle()
        finally:
            self._checking = None

    def _next_turn(self) -> dict[str, list[_Coming]]:
        """Return the sessions that have waited longest, with up to AT_ONCE sockets of each."""
        turn: dict[str, list[_Coming]] = {}
        while self._waiting and sum(map(len, turn.values())) < AT_ONCE:
            session_key = next(iter(self._waiting))
            sockets = self._waiting.pop(session_key)
            turn[session_key] = sockets[:AT_ONCE]
            if sockets[AT_ONCE:]:
                self._waiting[session_key] = sockets[AT_ONCE:]
                break
        return turn


def _check_all(turn: dict[str, list[_Coming]]) -> None:
    sockets = [(key, one) for key, of_session in turn.items() for one in of_session]
    try:
        sign_ins = sign_ins_of(turn)
        taps = TapRules(
            {one.tap_id for _, one in sockets if one.tap_id},
            {one.user.pk for one in sign_ins.values()},
        )
    except Exception as error:
        for _, one in sockets:
            one.error = error
        return
    for session_key, one in sockets:
        if session_key in sign_ins and not one.outcome.cancelled():
            _check(one, sign_ins[session_key], taps)


def _check(coming: _Coming, sign_in: SignIn, taps: TapRules) -> None:
    try:
        coming.check(sign_in, taps)
    except Exception as error:
        coming.error = error
    else:
        coming.sign_in = sign_in
