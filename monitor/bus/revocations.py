"""Revocations: this process is notified of a lost right at once, the others through Redis.

A revocation that Redis does not accept is published again when Redis is back. The sockets of the
worker that served a sign-out therefore end even without Redis, and those of other workers as
soon as it works again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from monitor.bus.keys import REVOCATIONS
from monitor.bus.publish import Publisher


class Revocation(NamedTuple):
    """Names the user whose rights must be checked again (None: every user), and the session
    whose sockets must end."""

    user_id: int | None
    session: str = ""  # its digest; "" is none


Follower = Callable[[Revocation], object]


class Revocations:
    """Notifies the followers in this process, and publishes to the other processes."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._followers: list[Follower] = []
        self._unpublished: dict[Revocation, None] = {}  # an ordered set

    def revoke(self, revocation: Revocation) -> None:
        """Have every process check rights again.

        It is synchronous because it is called where the change is made.
        """
        for follower in tuple(self._followers):
            follower(revocation)
        self._publish(revocation)

    @contextmanager
    def followed(self, follower: Follower) -> Iterator[None]:
        """Call ``follower`` with each revocation of this process, in the thread that makes it."""
        self._followers.append(follower)
        try:
            yield
        finally:
            self._followers.remove(follower)

    def has_unpublished(self) -> bool:
        """Tell whether revocations wait to be published again, and Redis is not away."""
        return bool(self._unpublished) and not self._publisher.is_away()

    def publish_again(self) -> None:
        """Publish what Redis has not accepted yet, until it refuses one again."""
        for revocation in tuple(self._unpublished):
            if not self._publish(revocation):
                return

    def _publish(self, revocation: Revocation) -> bool:
        message = {"user": revocation.user_id, "session": revocation.session}
        published = self._publisher.append(REVOCATIONS, message)
        if published:
            self._unpublished.pop(revocation, None)
        else:
            self._unpublished[revocation] = None
        return published
