"""Publisher: appends events and revocations to the streams that every process reads.

It is synchronous because the code that commits a change also publishes it.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import redis

from monitor.bus.keys import EVENTS, EVENTS_KEPT, EVENTS_KEPT_FOR, REVOCATIONS, WORDS
from monitor.bus.redis import NotConfigured, Unavailable, redis_url, shared_client
from monitor.telemetry.episodes import Episodes

logger = logging.getLogger(__name__)

AWAY = 5.0  # seconds until the next attempt, after Redis has not answered one


class Unpublished:
    """The calls about which something was not published, because Redis did not accept it."""

    def __init__(self) -> None:
        self._calls: set[str] = set()  # their ids

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, call_id: str) -> None:
        """Remember a call."""
        self._calls.add(call_id)

    def publish(self, publish_call: Callable[[str], object]) -> None:
        """Run ``publish_call`` with the id of each remembered call, until Redis refuses one.

        A call for which it raises, as it does while the database is away, stays remembered.
        """
        for call_id in tuple(self._calls):
            self._calls.discard(call_id)
            try:
                publish_call(call_id)
            except Exception:
                self._calls.add(call_id)
                raise
            if call_id in self._calls:
                return


class Publisher:
    """Publishes for all threads of a process, and remembers the calls that it could not publish.

    The database holds the truth. A call whose change Redis did not accept is published again once
    Redis is back, in the state that the call has by then.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._away_until = -math.inf
        self._failures = Episodes(clock)
        self._unpublished = Unpublished()
        self._unpublished_words = Unpublished()

    def publish(self, *events: dict[str, Any]) -> None:
        """Publish events to every process in one round trip, or remember their calls if Redis does
        not accept one of them."""
        if events and not self.append(EVENTS, *events):
            for event in events:
                if "call" in event:
                    self._unpublished.add(event["call"]["id"])

    def publish_words(self, words: dict[str, Any]) -> None:
        """Publish what is said in a call, or remember the call if Redis does not accept it."""
        if not self.append(WORDS, words):
            self._unpublished_words.add(words["call"])

    def is_away(self) -> bool:
        """Tell whether Redis has failed to answer within the last AWAY seconds."""
        return self._clock() < self._away_until

    def has_unpublished(self) -> bool:
        """Tell whether changes wait to be published again, and Redis is not away."""
        return bool(self._unpublished or self._unpublished_words) and not self.is_away()

    def publish_again(
        self, publish_call: Callable[[str], object], publish_words: Callable[[str], object]
    ) -> None:
        """Publish again about the calls that Redis has not accepted, by these functions, each of
        which is run with a call's id."""
        self._unpublished.publish(publish_call)
        self._unpublished_words.publish(publish_words)

    def append(self, key: str, *messages: dict[str, Any]) -> bool:
        """Append messages to a stream; return False if Redis refused one or is away.

        Without a configured Redis it returns True: no server runs that could miss the message.
        """
        if key != REVOCATIONS and self.is_away():
            return False  # an attempt would block the thread that all sockets of the process share
        try:
            _append(key, messages)
        except NotConfigured:
            pass
        except redis.TimeoutError:
            # A refused connection costs nothing; a frozen Redis costs TIMEOUT each time.
            self._away_until = self._clock() + AWAY
            self._log_failure(key, "Redis does not answer")
            return False
        except Unavailable as error:
            self._log_failure(key, str(error))
            return False
        return True

    def _log_failure(self, key: str, why: str) -> None:
        """Log why a message was not published, once for each series of equal failures."""
        if self._failures.begins(f"{key}: {why}"):
            logger.warning("%s not published: %s", key, why)


def forget_old_events(now: float | None = None) -> None:
    """Delete the events and the words that are older than EVENTS_KEPT_FOR seconds.

    A stream as a whole never expires while new entries keep arriving.
    """
    oldest = (time.time() if now is None else now) - EVENTS_KEPT_FOR
    try:
        for key in (EVENTS, WORDS):
            shared_client(redis_url()).xtrim(
                key, minid=f"{int(oldest * 1000)}-0", approximate=False
            )
    except Unavailable as error:
        logger.warning("old events are not deleted yet: %s", error)


def _append(key: str, messages: Sequence[dict[str, Any]]) -> None:
    """Append to a stream, and have it expire EVENTS_KEPT_FOR seconds after its last entry.

    Raises Unavailable.
    """
    with shared_client(redis_url()).pipeline(transaction=False) as pipe:
        for message in messages:
            pipe.xadd(key, {"j": json.dumps(message)}, maxlen=EVENTS_KEPT, approximate=True)
        pipe.expire(key, EVENTS_KEPT_FOR)
        answers = pipe.execute(raise_on_error=False)
    # If redis-py raised the error itself, the error's text would quote the command, and with it
    # a caller's number.
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
