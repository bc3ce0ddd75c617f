"""Revocations: a right that is lost is told to this process at once, and to all others by Redis.

What Redis does not take is told again when it is back. So the sockets of the worker
that served a sign-out end without Redis, and the others' as soon as it can be used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from . import bus


class Revocation(NamedTuple):
    """Whose rights to look at again: a user's (None: everybody's), and what to end: a session."""

    user_id: int | None
    session: str = ""  # its digest; "" is none


Follower = Callable[[Revocation], object]


class Revocations:
    """Made once for a process, for Django's signals know of nobody to hand it to them."""

    def __init__(self) -> None:
        self._followers: list[Follower] = []
        self._untold: dict[Revocation, None] = {}  # a set in order

    def revoke(self, revocation: Revocation) -> None:
        """Have every process look again. Synchronous, for the code that commits the change."""
        for follower in tuple(self._followers):
            follower(revocation)
        self._tell(revocation)

    @contextmanager
    def followed(self, follower: Follower) -> Iterator[None]:
        """Call ``follower`` for what is revoked in this process, in the thread that does it."""
        self._followers.append(follower)
        try:
            yield
        finally:
            self._followers.remove(follower)

    @property
    def waits(self) -> bool:
        """Is there something that Redis has not taken, and would it be asked now?"""
        return bool(self._untold) and not bus.is_away()

    def tell_again(self) -> None:
        """Tell what Redis has not taken, for as long as it does now."""
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
