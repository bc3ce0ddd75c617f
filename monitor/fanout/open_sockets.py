"""OpenSockets: the supervisors' sockets of one process.

Three objects visit them: AccessWatch ends those whose user has lost the right to them,
Keepalive tells idle pages that the connection works, and LagWatch ends listeners that are
too slow.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, Protocol

from monitor.concurrency import Batches
from monitor.services.listens import Heard
from monitor.services.permissions import TapRules
from monitor.wire.close import CloseCode

RECHECK = 30.0  # seconds within which every session is checked, in case a revocation was lost
AT_ONCE = 2  # sessions; checking one takes 0.6 ms, and every socket waits meanwhile


class OpenSocket(Protocol):
    """A supervisor's socket."""

    session_key: str

    @property
    def user_id(self) -> int | None:
        """Whose it is. None until that is known."""

    @property
    def tap_id(self) -> uuid.UUID | None:
        """The tap that it hears or asks for. A console has none."""

    def check_access(self, user: Any, taps: TapRules) -> None:
        """Raise Closed if this user may not have the socket. Reads the database."""

    def end(self, code: CloseCode, reason: str) -> None:
        """Close the socket soon, with this code and reason."""

    def keepalive_if_idle(self) -> None:
        """Send a keepalive if nothing was sent since the last call."""


class Listener(Protocol):
    """A socket that hears a tap."""

    def check_lag(self, now: float) -> float:
        """Return how many seconds behind it is, and end it if that is too far."""

    def heard(self) -> Heard:
        """Return how much was heard so far."""


class OpenSockets:
    """The registry. A socket adds itself before its user's rights are checked."""

    def __init__(self, recheck: float = RECHECK) -> None:
        self._by_session: dict[str, set[OpenSocket]] = {}
        #: The sessions that have a socket, each of which gets its turn to be checked.
        self.sessions: Batches[str] = Batches(recheck, AT_ONCE)
        #: The sockets that hear a tap, by the id of their ListenSession.
        self.listeners: dict[int, Listener] = {}

    def __iter__(self) -> Iterator[OpenSocket]:
        """Iterate over a copy: a visit may remove sockets."""
        return iter([one for sockets in self._by_session.values() for one in sockets])

    def add(self, socket: OpenSocket) -> None:
        """Register a socket under its session."""
        if socket.session_key not in self._by_session:
            self._by_session[socket.session_key] = set()
            self.sessions.add(socket.session_key)
        self._by_session[socket.session_key].add(socket)

    def remove(self, socket: OpenSocket) -> None:
        """Remove a socket if it is registered."""
        sockets = self._by_session.get(socket.session_key, set())
        sockets.discard(socket)
        if not sockets:
            self._by_session.pop(socket.session_key, None)
            self.sessions.remove(socket.session_key)

    def of_session(self, session_key: str) -> list[OpenSocket]:
        """Return the sockets that a session has open."""
        return list(self._by_session.get(session_key, ()))

    def by_session(self) -> list[tuple[str, list[OpenSocket]]]:
        """Return each session with its sockets."""
        return [(key, list(sockets)) for key, sockets in self._by_session.items()]
