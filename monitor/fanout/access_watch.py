"""AccessWatch: checks that the users of open sockets may still have them.

A socket's user is fixed when it connects. Every lost right is therefore published to all
processes (``monitor.web.revocation``). As a backstop, each session is checked within 30 s:
once, however many sockets it has.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Iterable

from monitor.bus.keys import REVOCATIONS
from monitor.bus.reader import StreamReader
from monitor.bus.revocations import Revocation, Revocations
from monitor.concurrency import in_thread
from monitor.fanout.open_sockets import AT_ONCE, RECHECK, OpenSocket, OpenSockets
from monitor.services import second_factor
from monitor.services.permissions import TapRules
from monitor.services.sign_ins import sign_ins_of
from monitor.wire.close import CloseCode, Closed

logger = logging.getLogger(__name__)


def session_digest(session_key: str) -> str:
    """Return what names a session in messages, because its key would sign anybody in."""
    return hashlib.sha256(session_key.encode()).hexdigest()


class AccessWatch:
    """Ends the open sockets of users who have lost the right to them."""

    def __init__(
        self, reader: StreamReader, revocations: Revocations, open_sockets: OpenSockets
    ) -> None:
        self._reader = reader
        self._revocations = revocations
        self._open_sockets = open_sockets
        self._checks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Follow revocations, and check every session in turn, until cancelled."""
        loop = asyncio.get_running_loop()
        # Revocations are made in the threads of requests.
        follow = self._revocations.followed(
            lambda lost: loop.call_soon_threadsafe(self._on_revocation, lost)
        )
        with follow:
            async with asyncio.TaskGroup() as group:
                # The revocations of other processes.
                group.create_task(self._reader.subscribe_when_back(REVOCATIONS, self._on_entry))
                async for sessions in self._open_sockets.sessions:
                    await self._check(sessions)

    def _on_entry(self, value: bytes) -> None:
        message = json.loads(value)
        self._on_revocation(Revocation(message["user"], message["session"]))

    def _on_revocation(self, lost: Revocation) -> None:
        """End a session's sockets, or check those of the users concerned."""
        concerned = []
        for session, sockets in self._open_sockets.by_session():
            if lost.session and lost.session == session_digest(session):
                for socket in sockets:
                    socket.end(CloseCode.REVOKED, "signed out")
            elif lost.user_id is None or {lost.user_id, None} & {one.user_id for one in sockets}:
                concerned.append(session)
        if concerned:
            task = asyncio.get_running_loop().create_task(self._check_all(concerned))
            self._checks.add(task)
            task.add_done_callback(self._checks.discard)

    async def _check_all(self, sessions: list[str]) -> None:
        """Check any number of sessions, AT_ONCE at a time."""
        for start in range(0, len(sessions), AT_ONCE):
            await self._check(sessions[start : start + AT_ONCE])

    async def _check(self, sessions: Iterable[str]) -> None:
        by_session = {one: self._open_sockets.of_session(one) for one in sessions}
        try:
            for socket, lost in await in_thread(_refused)(by_session):
                socket.end(lost.code, lost.reason)
        except Exception:
            logger.exception("access was not checked; the next check is within %.0f s", RECHECK)


def _refused(by_session: dict[str, list[OpenSocket]]) -> list[tuple[OpenSocket, Closed]]:
    """Return the sockets whose user may not have them any more, and how each is closed."""
    refused = []
    sign_ins = sign_ins_of(by_session)
    taps = TapRules(
        {one.tap_id for sockets in by_session.values() for one in sockets if one.tap_id},
        {one.user.pk for one in sign_ins.values()},
    )
    for session_key, sockets in by_session.items():
        sign_in = sign_ins.get(session_key)
        without_factor = sign_in is not None and second_factor.is_missing(*sign_in)
        for socket in sockets:
            try:
                if sign_in is None:
                    raise Closed(CloseCode.REVOKED, "signed out")
                if without_factor:
                    raise Closed(CloseCode.REVOKED, "set up your second factor first")
                socket.check_access(sign_in.user, taps)
            except Closed as closed:
                refused.append((socket, _lost(closed)))
    return refused


def _lost(refused: Closed) -> Closed:
    """Return how an open socket is closed for what would keep it from being opened.

    A tap that its user has heard, and may not know of any more, is not of the user's teams now.
    What must be recorded before it is shown, and cannot be, may be tried again. What the team
    demands is said as it is.
    """
    if refused.code in (CloseCode.TRY_LATER, CloseCode.NO_NOTICE, CloseCode.NO_REASON):
        return refused
    if refused.code == CloseCode.NO_SUCH_TAP:
        return Closed(CloseCode.NOT_ALLOWED, "this call is not your team's any more")
    return Closed(CloseCode.REVOKED, refused.reason)
