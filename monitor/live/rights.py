"""Rights: whether the users of open sockets may still have them.

A socket's user is fixed when it connects. So every lost right is told to every
process (``monitor.revocation``), and a look at each session within 30 s is the
backstop; one look for each, however many sockets it has.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Iterable
from importlib import import_module
from typing import Any, Protocol

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.utils.crypto import constant_time_compare

from . import bus
from .close import CloseCode, Closed
from .database import threaded
from .hub import Hub
from .revocations import Revocation, revocations
from .turns import Turns

logger = logging.getLogger(__name__)

RECHECK = 30.0  # seconds between two looks, should a revocation get lost
AT_ONCE = 2  # sessions; a socket takes 0.6 ms, and all wait for the interpreter meanwhile


class Socket(Protocol):
    """What is looked after: a page's socket."""

    session_key: str
    user_id: int

    def allowed(self, user: Any) -> None:
        """Raise Closed if this user may not have it. Reads the database."""

    def end(self, code: CloseCode, reason: str) -> None: ...

    def alive(self) -> None: ...


def session_digest(session_key: str) -> str:
    """A session's name where its key, which opens it, has no business."""
    return hashlib.sha256(session_key.encode()).hexdigest()


class Rights:
    """The sockets of a process; those whose right is gone are ended."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._sockets: dict[str, set[Socket]] = {}  # by session
        self._turns: Turns[str] = Turns(RECHECK, AT_ONCE)  # of the sessions
        self._looking: set[asyncio.Task[None]] = set()

    def watch(self, socket: Socket) -> None:
        if socket.session_key not in self._sockets:
            self._sockets[socket.session_key] = set()
            self._turns.add(socket.session_key)
        self._sockets[socket.session_key].add(socket)

    def forget(self, socket: Socket) -> None:
        sockets = self._sockets.get(socket.session_key, set())
        sockets.discard(socket)
        if not sockets:
            self._sockets.pop(socket.session_key, None)
            self._turns.remove(socket.session_key)

    async def run(self) -> None:
        """Follow revocations, and look at everybody each 30 s, for ever."""
        loop = asyncio.get_running_loop()
        # Revocations come in the threads of requests.
        with revocations.followed(lambda lost: loop.call_soon_threadsafe(self._revoked, lost)):
            async with asyncio.TaskGroup() as group:
                group.create_task(self._subscribe())
                async for sessions in self._turns:
                    await self._look(sessions)

    def sign_of_life(self) -> None:
        """Have every socket say that its link works."""
        for sockets in tuple(self._sockets.values()):
            for socket in tuple(sockets):
                socket.alive()

    async def _subscribe(self) -> None:
        """Subscribe to the revocations of other processes as soon as Redis answers."""
        while True:
            try:
                await self._hub.subscribe(bus.REVOCATIONS, self._heard)
            except bus.Unavailable:
                await asyncio.sleep(1)
            else:
                return

    def _heard(self, value: bytes) -> None:
        message = json.loads(value)
        self._revoked(Revocation(message["user"], message["session"]))

    def _revoked(self, lost: Revocation) -> None:
        concerned = []
        for session, sockets in self._sockets.items():
            if lost.session and lost.session == session_digest(session):
                for socket in tuple(sockets):
                    socket.end(CloseCode.REVOKED, "signed out")
            elif lost.user_id is None or lost.user_id in {one.user_id for one in sockets}:
                concerned.append(session)
        if concerned:
            task = asyncio.get_running_loop().create_task(self._look_at_all(concerned))
            self._looking.add(task)
            task.add_done_callback(self._looking.discard)

    async def _look_at_all(self, sessions: list[str]) -> None:
        """Look at any number of sessions, as few at once as in turns."""
        for start in range(0, len(sessions), AT_ONCE):
            await self._look(sessions[start : start + AT_ONCE])

    async def _look(self, sessions: Iterable[str]) -> None:
        by_session = {one: list(self._sockets.get(one, ())) for one in sessions}
        try:
            for socket, why in await threaded(_refused)(by_session):
                socket.end(CloseCode.REVOKED, why)
        except Exception:
            logger.exception("rights not checked; they will be again in %.0f s", RECHECK)


def _refused(by_session: dict[str, list[Socket]]) -> list[tuple[Socket, str]]:
    refused = []
    for session_key, sockets in by_session.items():
        user = user_of(session_key)
        for socket in sockets:
            try:
                if user is None:
                    raise Closed(CloseCode.REVOKED, "signed out")
                socket.allowed(user)
            except Closed as closed:
                refused.append((socket, str(closed)))
    return refused


def user_of(session_key: str) -> Any | None:
    """The active user that a session still signs in, or None.

    ``django.contrib.auth.get_user`` would do, but gives the session another key
    where SECRET_KEY was rotated, and here is no response to tell the browser.
    """
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user_model()._default_manager.filter(pk=session.get(SESSION_KEY)).first()
    if user is None or not user.is_active:
        return None
    known = session.get(HASH_SESSION_KEY, "")
    valid = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return user if any(constant_time_compare(known, one) for one in valid) else None
