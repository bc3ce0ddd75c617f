"""A server whose clients would use up all the files that its process may open."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import Mock

import pytest
from django.contrib.auth.models import User

from monitor.concurrency import Writes
from monitor.ingest.intake import Intake
from monitor.ingest.rtp_receiver import RtpReceiver
from monitor.limits import Limits
from monitor.models import ListenSession
from monitor.servers.descriptors import DescriptorLimit
from tests.support.handshakes import answer, connected
from tests.support.servers import Server
from tests.support.stopping import BOTH
from tests.support.talk import hearing, more, open_tap, speaking
from tests.support.taps import closed_row
from tests.support.waiting import eventually

FILES = 128  # of the server; it opens about 20 before the first client comes
IDLE = 150  # connections, more than that
REFUSED = "new connections are refused"


@contextlib.asynccontextmanager
async def idle(server: Server) -> AsyncIterator[list[socket.socket]]:
    """More connections than the server can have, on which nothing is sent."""
    with contextlib.ExitStack() as stack:

        def connect() -> list[socket.socket]:
            return [stack.enter_context(connected(server)) for _ in range(IDLE)]

        # In a thread: a full backlog makes a connection wait, and the calls must go on meanwhile.
        yield await asyncio.to_thread(connect)


def is_closed(peer: socket.socket) -> bool:
    """Return whether the server has closed it, though nothing was asked."""
    peer.setblocking(False)
    try:
        return peer.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


@BOTH
async def test_calls_are_heard_and_their_rows_written_at_the_file_limit(
    transactional_db: Any, alice: User, kind: str
) -> None:
    opened = await open_tap()
    with Server(kind, files=str(FILES)) as server:
        async with (
            speaking(server, opened) as (sender,),
            hearing(server, alice, opened, opened) as (staying, leaving),
            idle(server),
        ):
            await more([staying], 5)
            await leaving.connection.close()
            await eventually(ListenSession.objects.filter(ended_at__isnull=False).aexists)
            await more([staying], 5)
            await sender.close()
            assert (await closed_row(opened.tap)).frames


@BOTH
async def test_new_connections_are_refused_at_the_file_limit_until_others_leave(
    transactional_db: Any, kind: str
) -> None:
    with Server(kind, files=str(FILES)) as server:
        async with idle(server) as peers:

            async def one_is_closed() -> bool:
                return any(is_closed(peer) for peer in peers)

            await eventually(one_is_closed)
            with connected(server) as late:
                assert await asyncio.to_thread(answer, late) == b""
            assert server.said().count(REFUSED) == 1
        await eventually(lambda: asyncio.to_thread(server.answers))
        assert server.said().count(REFUSED) == 1


async def test_no_more_rtp_ports_are_bound_at_the_file_limit(
    transactional_db: Any, caplog: pytest.LogCaptureFixture
) -> None:
    await open_tap(transport="rtp")
    intake = Intake(Mock(), Mock(), Mock(), Mock(), Writes(), Mock(), Limits())
    none_left = DescriptorLimit(0)
    receiving = RtpReceiver(intake, lambda: none_left.admits_next("new RTP taps"))
    await receiving.look()
    await receiving.look()
    assert len(receiving) == 0
    assert caplog.text.count("new RTP taps are refused") == 1


def test_the_last_quarter_of_all_files_is_never_a_clients() -> None:
    limit = DescriptorLimit(1024)
    assert limit.admits(767, "new connections")
    assert not limit.admits(768, "new connections")


def test_64_files_are_kept_where_a_quarter_is_less() -> None:
    limit = DescriptorLimit(128)
    assert limit.admits(63, "new connections")
    assert not limit.admits(64, "new connections")


def test_the_limit_of_a_process_is_raised_as_far_as_the_system_allows() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    _, hard = before
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard - 1, hard))
    try:
        DescriptorLimit.of_process()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_no_descriptor_is_left_where_none_can_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "open", full)
    assert not DescriptorLimit(2**20).admits_next("new connections")
