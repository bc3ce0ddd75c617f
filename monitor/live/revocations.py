"""Revocations: this process learns of a lost right at once, the others through Redis.

What Redis does not take is sent again when it is back. So the sockets of the worker
that served a sign-out end without Redis, and those of other workers as soon as it works.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from . import bus


class Revocation(NamedTuple):
    """The user whose rights are to be checked again (None: everybody's), and the session
    whose sockets are to be ended."""

    user_id: int | None
    session: str = ""  # its digest; "" is none


Follower = Callable[[Revocation], object]


class Revocations:
    """One for the process, because Django's signal handlers cannot be handed anything."""

    def __init__(self) -> None:
        self._followers: list[Follower] = []
        self._untold: dict[Revocation, None] = {}  # a set in order

    def revoke(self, revocation: Revocation) -> None:
        """Have every process check rights again. Synchronous: called where the change is made."""
        for follower in tuple(self._followers):
            follower(revocation)
        self._tell(revocation)

    @contextmanager
    def followed(self, follower: Follower) -> Iterator[None]:
        """Call ``follower`` with each revocation of this process, in the thread that makes it."""
        self._followers.append(follower)
        try:
            yield
        finally:
            self._followers.remove(follower)

    @property
    def waits(self) -> bool:
        """Whether there is something to send again, and Redis has not just failed to answer."""
        return bool(self._untold) and not bus.is_away()

    def tell_again(self) -> None:
        """Send again what Redis has not taken, up to the first that it does not take now."""
        for revocation in tuple(self._untold):
            if not self._tell(revocation):
                return

    def _tell(self, revocation: Revocation) -> bool:
        message = {"user": revocation.user_id, "session": revocation.session}
        told = bus.deliver(bus.REVOCATIONS, message)
        if told:
            self._untold.pop(revocation, None)
        else:
            self._untold[revocation] = None
        return told


revocations = Revocations()
