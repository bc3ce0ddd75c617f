"""How a socket hands over frames: a few in each turn of the event loop, whatever comes."""

from __future__ import annotations

import asyncio
import tracemalloc
from typing import Any

import pytest
from websockets.frames import Frame, Opcode

from monitor.servers import frame_receiver
from monitor.servers.frame_receiver import FrameReceiver
from monitor.wire import websocket_frames
from monitor.wire.allowance import Allowance

LIMIT = 131_072  # bytes


def framed(opcode: Opcode, data: bytes = b"", *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True)


PING, AUDIO = framed(Opcode.PING), framed(Opcode.BINARY, b"\xff" * 160)


class Socket(FrameReceiver):
    """One without a network."""

    is_established = True
    queued = 0

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.messages: list[dict[str, Any]] = []
        self.parsed: list[bytes] = []
        self.sent: list[bytes] = []
        self.failed: list[tuple[int, str]] = []
        self.reads = True
        self.backlog = 0  # bytes that the client does not take
        self.begin_receiving(LIMIT)

    def on_binary(self, payload: bytes) -> bool:
        self.taken.append(payload)
        return True

    def unsent(self) -> int:
        return self.backlog

    def pause_receiving(self) -> None:
        self.reads = False

    def resume_receiving(self) -> None:
        self.reads = True

    def queue_message(self, content: dict[str, Any]) -> None:
        self.messages.append(content)
        self.queued += 1

    def parse_frame(self, frame: bytes) -> None:
        self.parsed.append(frame)

    def send_frame(self, frame: bytes) -> None:
        self.sent.append(frame)

    def fail(self, code: int, reason: str) -> None:
        self.failed.append((code, reason))
        self.is_established = False


@pytest.fixture
async def socket() -> Socket:
    """A socket whose handshake is accepted."""
    opened = Socket()
    opened.next_turn()
    return opened


async def until_read(socket: Socket) -> int:
    """Let the loop turn until the socket is read again; the turns that it took."""
    turns = 0
    while not socket.reads:
        await asyncio.sleep(0)
        turns += 1
    return turns


async def test_a_turn_hands_over_64_messages_and_reading_pauses_meanwhile(socket: Socket) -> None:
    socket.receive_bytes(AUDIO * 3000)
    assert len(socket.taken) == 64
    assert not socket.reads
    assert await until_read(socket) >= 3000 // 64
    assert socket.taken == [b"\xff" * 160] * 3000


async def test_what_comes_while_reading_pauses_keeps_its_place(socket: Socket) -> None:
    numbered = [framed(Opcode.BINARY, b"%d" % number) for number in range(200)]
    socket.receive_bytes(b"".join(numbered[:150]))
    socket.receive_bytes(b"".join(numbered[150:]))
    await until_read(socket)
    assert socket.taken == [b"%d" % number for number in range(200)]


async def test_anything_that_does_not_go_the_direct_way_costs_as_much_as_eight(
    socket: Socket,
) -> None:
    socket.receive_bytes(framed(Opcode.TEXT, b"x") * 100)
    assert len(socket.messages) == 8


async def test_no_more_is_handed_over_while_the_application_has_its_queue_full(
    socket: Socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket.receive_bytes(framed(Opcode.TEXT, b"x") * 100)
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(socket.messages) == frame_receiver.QUEUED + 1
    socket.queued = 0
    monkeypatch.setattr(socket, "queue_message", lambda content: None)
    await until_read(socket)


async def test_frames_that_come_before_the_handshake_is_accepted_wait_for_it() -> None:
    early = Socket()
    early.receive_bytes(PING * 10 + AUDIO)
    assert (early.taken, early.sent, early.reads) == ([], [], False)
    early.next_turn()
    await until_read(early)
    assert (len(early.taken), early.sent) == (1, [websocket_frames.pong(b"")] * 2)


async def test_of_the_pings_of_a_turn_the_newest_is_answered(socket: Socket) -> None:
    socket.receive_bytes(b"".join(framed(Opcode.PING, b"%d" % one) for one in range(8)))
    assert socket.sent == [websocket_frames.pong(b"7")]


async def test_a_client_that_does_not_read_is_answered_when_it_does(socket: Socket) -> None:
    socket.backlog = frame_receiver.PONG_ROOM + 1
    socket.receive_bytes(PING)
    socket.receive_bytes(framed(Opcode.PING, b"new"))
    assert socket.sent == []
    socket.backlog = 0
    socket.receive_bytes(AUDIO)
    assert socket.sent == [websocket_frames.pong(b"new")]


SMALL = {
    "pings": PING,
    "pongs": framed(Opcode.PONG),
    "texts": framed(Opcode.TEXT, b"x"),
    "fragments": framed(Opcode.CONT, b"x", fin=False),
}


@pytest.mark.parametrize("frame", SMALL.values(), ids=SMALL.keys())
async def test_over_a_thousand_small_frames_at_once_close_the_socket(
    socket: Socket, frame: bytes
) -> None:
    socket._small = Allowance(1000, 200, lambda: 0.0)
    socket.on_text = lambda payload: True
    socket.receive_bytes(frame * 1000)
    await until_read(socket)
    assert socket.failed == []
    socket.receive_bytes(frame * 2)
    await until_read(socket)
    assert socket.failed == [(1008, "too many small messages")]


async def test_audio_is_no_small_frame(socket: Socket) -> None:
    socket._small = Allowance(1, 1, lambda: 0.0)
    socket.receive_bytes(AUDIO * 60)
    assert (len(socket.taken), socket.failed) == (60, [])


async def test_after_our_close_frame_only_the_answer_is_parsed(socket: Socket) -> None:
    socket.is_established = False
    answer = framed(Opcode.CLOSE, b"\x03\xe8")
    socket.receive_bytes(PING * 10 + AUDIO * 10 + framed(Opcode.PONG) + answer)
    await until_read(socket)
    assert (socket.parsed, socket.sent, socket.taken) == ([answer], [], [])


async def test_a_frame_over_the_limit_is_refused_by_its_head(socket: Socket) -> None:
    socket.receive_bytes(AUDIO + framed(Opcode.BINARY, bytes(LIMIT + 1))[:14] + AUDIO)
    assert socket.failed == [(1009, "a frame of 131073 bytes is over 131072")]
    socket.receive_bytes(AUDIO)
    assert len(socket.taken) == 1


async def test_a_lost_connection_hands_over_nothing_more(socket: Socket) -> None:
    socket.receive_bytes(AUDIO * 100)
    socket.end_receiving()
    await until_read(socket)
    assert len(socket.taken) == 64


def test_an_allowance_comes_back_with_time() -> None:
    now = 100.0
    allowance = Allowance(2, 1.0, lambda: now)
    assert [allowance.spend() for _ in range(3)] == [True, True, False]
    now += 3
    assert allowance.spend()


async def test_frames_that_were_handed_over_are_not_kept(socket: Socket) -> None:
    half = len(AUDIO) // 2
    socket.receive_bytes(AUDIO[:half])
    tracemalloc.start()
    try:
        for _ in range(2000):
            socket.receive_bytes(AUDIO[half:] + AUDIO[:half])  # no read ends where a frame does
            socket.taken.clear()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 64 * 1024  # the frames together had 330 KB
