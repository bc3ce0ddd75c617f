"""OpenSockets: the registry, and what each of its visitors does to the sockets."""

from __future__ import annotations

from typing import Any

from monitor.fanout.keepalive import Keepalive
from monitor.fanout.open_sockets import OpenSockets
from monitor.fanout.session_recorder import COUNTED, SessionRecorder
from monitor.services.permissions import TapRules
from monitor.wire.close import CloseCode


class Socket:
    """A socket that counts its keepalives."""

    def __init__(self, session_key: str = "session", user_id: int = 1) -> None:
        self.session_key = session_key
        self.user_id = user_id
        self.tap_id = None
        self.keepalives = 0

    def check_access(self, user: Any, taps: TapRules) -> None:
        pass

    def end(self, code: CloseCode, reason: str) -> None:
        pass

    def keepalive_if_idle(self) -> None:
        self.keepalives += 1


def test_sockets_are_found_by_their_session() -> None:
    open_sockets = OpenSockets()
    first, second, other = Socket("a"), Socket("a"), Socket("b")
    for one in (first, second, other):
        open_sockets.add(one)
    assert set(open_sockets.of_session("a")) == {first, second}
    assert {key for key, _ in open_sockets.by_session()} == {"a", "b"}


def test_a_session_is_forgotten_with_its_last_socket() -> None:
    open_sockets = OpenSockets()
    first, second = Socket(), Socket()
    open_sockets.add(first)
    open_sockets.add(second)
    open_sockets.remove(first)
    assert open_sockets.of_session("session") == [second]
    open_sockets.remove(second)
    assert open_sockets.by_session() == []


def test_a_socket_that_was_never_added_may_be_removed() -> None:
    open_sockets = OpenSockets()
    open_sockets.remove(Socket())
    assert list(open_sockets) == []


def test_every_open_socket_is_asked_for_a_keepalive() -> None:
    open_sockets = OpenSockets()
    sockets = [Socket("a"), Socket("a"), Socket("b")]
    for one in sockets:
        open_sockets.add(one)
    Keepalive(open_sockets).keepalive_all()
    assert [one.keepalives for one in sockets] == [1, 1, 1]


def test_the_counts_of_all_sessions_are_written_in_turns() -> None:
    recorder = SessionRecorder(OpenSockets())
    session_ids = list(range(COUNTED + 10))
    first, second = recorder._next_batch(session_ids), recorder._next_batch(session_ids)
    assert len(first) == len(second) == COUNTED
    assert set(first) | set(second) == set(session_ids)
