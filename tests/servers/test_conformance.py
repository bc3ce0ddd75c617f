"""The WebSocket protocol as RFC 6455 has it, on both servers: cases by hand in the order of the
Autobahn test suite (sections 1 to 7 and 9), which runs on Python 2 only."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest
from websockets.frames import Frame, Opcode

from tests.support.framing import framed, split
from tests.support.servers import Server
from tests.support.waiting import PATIENCE

LIMIT = 131_072  # bytes of a message, at the server
UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
TEXT, BINARY, CONT = Opcode.TEXT, Opcode.BINARY, Opcode.CONT
PING, PONG, CLOSE = Opcode.PING, Opcode.PONG, Opcode.CLOSE
BYE = framed(CLOSE, b"\x03\xe8")
GOODBYE = (CLOSE, b"\x03\xe8")
Answer = list[tuple[int, bytes]]


def short(first: int, data: bytes) -> bytes:
    """Return a frame that the client library would refuse to make, masked with zeros."""
    return bytes([first, 0x80 | len(data)]) + bytes(4) + data


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def server(request: pytest.FixtureRequest, static_files: None) -> Iterator[Server]:
    with Server(request.param, "tests.support.echo:application") as started:
        yield started


def connected(server: Server) -> socket.socket:
    """Return a connection whose handshake is over."""
    peer = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    peer.sendall(UPGRADE)
    heard = b""
    while not heard.endswith(b"\r\n\r\n"):
        heard += peer.recv(1)
    return peer


def exchange(server: Server, data: bytes, piece: int = 0, *, answers: int = 0) -> Answer:
    """Send bytes, in pieces of one size, and return the frames that come back until the server
    closes. After so many answers, close."""
    heard, closed = b"", False
    with connected(server) as peer, contextlib.suppress(ConnectionError):
        for begin in range(0, len(data), piece or len(data)):
            peer.sendall(data[begin : begin + (piece or len(data))])
        while more := peer.recv(65_536):
            heard += more
            frames = split(heard)
            is_whole = sum(map(extent, frames)) == len(heard)
            if not closed and is_whole and (len(frames) == answers or frames[-1][0] == 0x88):
                closed = True
                peer.sendall(BYE)  # or an answer to the server's close, for which it would wait
    return [parsed(one) for one in split(heard)]


def extent(frame: bytes) -> int:
    """Return how long a frame is according to its head, as far as there is one."""
    head = {126: 4, 127: 10}.get(frame[1], 2) if len(frame) > 1 else 10
    return head + (int.from_bytes(frame[2:head]) if head > 2 else frame[1])


def parsed(frame: bytes) -> tuple[int, bytes]:
    """Return the opcode and the payload of a frame, which must be whole, final and not masked."""
    assert frame[0] & 0xF0 == 0x80
    assert not frame[1] & 0x80
    head = {126: 4, 127: 10}.get(frame[1], 2)
    return frame[0] & 0x0F, frame[head:]


def fails_with(answer: Answer, code: int) -> bool:
    """Return whether an exchange ended with a close frame of this code, and nothing behind it."""
    opcode, payload = answer[-1]
    return opcode == CLOSE and int.from_bytes(payload[:2]) == code


SIZES = (1, 125, 126, 127, 128, 65_535, 65_536, LIMIT)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("piece", [0, 997])
def test_1_a_message_of_any_size(server: Server, opcode: Opcode, size: int, piece: int) -> None:
    data = b"*" * size
    heard = exchange(server, framed(opcode, data), piece, answers=1)
    assert heard == [(opcode, data), GOODBYE]


@pytest.mark.parametrize("piece", [0, 1])
@pytest.mark.parametrize("data", [b"", b"Hello", bytes([0, 255, 254, 253, 0]), b"\xfe" * 125])
def test_2_a_ping_is_answered_with_what_it_had(server: Server, data: bytes, piece: int) -> None:
    heard = exchange(server, framed(PING, data), piece, answers=1)
    assert heard == [(PONG, data), GOODBYE]


def test_2_a_pong_that_nobody_asked_for_is_ignored(server: Server) -> None:
    data = framed(PONG, b"") + framed(PONG, b"x") + framed(PING, b"y")
    assert exchange(server, data, answers=1) == [(PONG, b"y"), GOODBYE]


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_2_a_control_frame_of_126_bytes_breaks_the_protocol(server: Server, opcode: Opcode) -> None:
    frame = bytes([0x80 | opcode, 0xFE, 0, 126]) + bytes(4) + b"\x03\xe8" + b"x" * 124
    assert fails_with(exchange(server, frame), 1002)


@pytest.mark.parametrize("bits", range(1, 8))
@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, PONG, CLOSE])
def test_3_reserved_bits_break_the_protocol(server: Server, opcode: Opcode, bits: int) -> None:
    first = framed(TEXT, b"before")
    answer = exchange(server, first + short(0x80 | bits << 4 | opcode, b"\x03\xe8"))
    assert fails_with(answer, 1002)
    assert answer[:-1] in ([], [(TEXT, b"before")])


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
@pytest.mark.parametrize("data", [b"", b"Hello"])
def test_4_reserved_opcodes_break_the_protocol(server: Server, opcode: int, data: bytes) -> None:
    assert fails_with(exchange(server, short(0x80 | opcode, data) + framed(TEXT, b"after")), 1002)


PART = framed(TEXT, b"fragment1", fin=False)
REST = framed(CONT, b"fragment2")
WHOLE = (TEXT, b"fragment1fragment2")
FRAGMENTS: dict[str, tuple[bytes, Answer]] = {
    "two": (PART + REST, [WHOLE]),
    "many": (PART + framed(CONT, b"", fin=False) * 50 + REST, [WHOLE]),
    "a ping amid": (PART + framed(PING, b"p") + REST, [(PONG, b"p"), WHOLE]),
    "a pong amid": (PART + framed(PONG, b"p") + REST, [WHOLE]),
}


@pytest.mark.parametrize("name", FRAGMENTS)
@pytest.mark.parametrize("piece", [0, 1])
def test_5_a_message_in_fragments_is_one(server: Server, name: str, piece: int) -> None:
    data, heard = FRAGMENTS[name]
    answer = exchange(server, data, piece, answers=len(heard))
    assert sorted(answer) == sorted([*heard, GOODBYE])


BROKEN = {
    "a ping in two": short(PING, b"a") + framed(CONT, b"b"),
    "a pong in two": short(PONG, b"a") + framed(CONT, b"b"),
    "a close in two": short(CLOSE, b"\x03") + framed(CONT, b"\xe8"),
    "an end without a beginning": framed(CONT, b"x"),
    "a middle without a beginning": framed(CONT, b"x", fin=False),
    "a text within a text": PART + framed(TEXT, b"x"),
    "a binary within a text": PART + framed(BINARY, b"x"),
    "a new text within a text": PART + framed(TEXT, b"x", fin=False),
    "not masked": Frame(TEXT, b"Hello").serialize(mask=False),
    "a ping that is not masked": Frame(PING, b"Hello").serialize(mask=False),
}


@pytest.mark.parametrize("name", BROKEN)
def test_5_what_breaks_the_protocol_is_closed(server: Server, name: str) -> None:
    answer = exchange(server, BROKEN[name] + framed(TEXT, b"after"))
    assert fails_with(answer, 1002)
    assert (TEXT, b"after") not in answer


GOOD = [
    "κόσμε",
    "\x00",
    "\x7f",
    "\x80",
    "\u07ff",
    "\ud7ff",
    "\ue000",
    "\ufffd",
    "\uffff",
    "\U0010ffff",
]
BAD = {
    "a lone continuation": b"\x80",
    "an end that is missing": b"\xce\xba\xe1\xbd",
    "an overlong slash": b"\xc0\xaf",
    "an overlong NUL": b"\xe0\x80\x80",
    "half a surrogate pair": b"\xed\xa0\x80",
    "a pair of surrogates": b"\xed\xa0\x80\xed\xb0\x80",
    "beyond Unicode": b"\xf4\x90\x80\x80",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "six bytes": b"\xfc\x84\x80\x80\x80\x80",
    "0xfe": b"\xfe",
    "0xff": b"\xff",
}


@pytest.mark.parametrize("text", GOOD, ids=ascii)
@pytest.mark.parametrize("piece", [0, 1])
def test_6_a_text_of_any_character(server: Server, text: str, piece: int) -> None:
    data = text.encode()
    heard = exchange(server, framed(TEXT, data), piece, answers=1)
    assert heard == [(TEXT, data), GOODBYE]


@pytest.mark.parametrize("text", GOOD, ids=ascii)
def test_6_a_text_may_be_cut_within_a_character(server: Server, text: str) -> None:
    data = text.encode()
    for cut in range(len(data) + 1):
        frames = framed(TEXT, data[:cut], fin=False) + framed(CONT, data[cut:])
        assert exchange(server, frames, answers=1) == [(TEXT, data), GOODBYE]


@pytest.mark.parametrize("name", BAD)
def test_6_a_text_that_is_not_utf_8_is_closed(server: Server, name: str) -> None:
    for data in (BAD[name], b"a" + BAD[name] + b"a"):
        assert fails_with(exchange(server, framed(TEXT, data)), 1007)
        frames = framed(TEXT, data[:1], fin=False) + framed(CONT, data[1:])
        assert fails_with(exchange(server, frames), 1007)


@pytest.mark.parametrize("name", BAD)
def test_6_binary_messages_need_not_be_utf_8(server: Server, name: str) -> None:
    heard = exchange(server, framed(BINARY, BAD[name]), answers=1)
    assert heard == [(BINARY, BAD[name]), GOODBYE]


@pytest.mark.parametrize("code", [*range(1000, 1004), *range(1007, 1015), 3000, 3999, 4000, 4999])
def test_7_a_close_is_answered_with_a_close(server: Server, code: int) -> None:
    for reason in (b"", b"why", "κόσμε".encode(), b"*" * 123):
        answer = exchange(server, framed(CLOSE, code.to_bytes(2) + reason) + framed(PING, b""))
        assert fails_with(answer, code) or fails_with(answer, 1000)  # which Daphne always answers
        assert len(answer) == 1


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000])
def test_7_a_close_with_a_code_that_may_not_be_sent(server: Server, code: int) -> None:
    assert fails_with(exchange(server, framed(CLOSE, code.to_bytes(2))), 1002)


def test_7_a_close_without_a_code_is_answered(server: Server) -> None:
    ((opcode, payload),) = exchange(server, framed(CLOSE, b""))
    assert opcode == CLOSE
    assert payload in (b"", b"\x03\xe8")


@pytest.mark.parametrize(("payload", "code"), [(b"\x03", 1002), (b"\x03\xe8\xff", 1007)])
def test_7_a_malformed_close(server: Server, payload: bytes, code: int) -> None:
    assert fails_with(exchange(server, framed(CLOSE, payload)), code)


def test_7_what_comes_behind_a_close_is_not_heard(server: Server) -> None:
    assert exchange(server, BYE + framed(TEXT, b"late") + framed(PING, b"")) == [GOODBYE]
    answer = exchange(server, PART + BYE + REST)  # websockets calls it a violation, which is strict
    assert [opcode for opcode, _ in answer] == [CLOSE]


@pytest.mark.parametrize("part", [16, 256, 1024, 4096, 16_384, 65_536])
def test_9_a_long_message_in_fragments(server: Server, part: int) -> None:
    data = b"\xf0\x9f\x8e\xa7" * (65_536 // 4)
    parts = [data[begin : begin + part] for begin in range(0, len(data), part)]
    frames = [framed(CONT, one, fin=False) for one in parts]
    frames[0] = framed(TEXT, parts[0], fin=False)
    if len(parts) > 900:  # over the 1,000 small frames that may come at once: a flood
        assert fails_with(exchange(server, b"".join(frames) + framed(CONT, b"")), 1008)
    else:
        heard = exchange(server, b"".join(frames) + framed(CONT, b""), answers=1)
        assert heard == [(TEXT, data), GOODBYE]


@pytest.mark.parametrize("length", [LIMIT + 1, 2**31, 2**32, 2**62, 2**63 - 1, 2**64 - 1])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_9_a_message_over_the_limit_is_closed_by_its_head(
    server: Server, opcode: Opcode, length: int
) -> None:
    head = bytes([0x80 | opcode, 0xFF]) + length.to_bytes(8) + bytes(4)
    assert fails_with(exchange(server, head + b"*" * 1000), 1009)


def test_9_fragments_together_over_the_limit_are_closed(server: Server) -> None:
    half = b"*" * (LIMIT // 2)
    frames = framed(BINARY, half, fin=False) + framed(CONT, half, fin=False) + framed(CONT, b"*")
    assert fails_with(exchange(server, frames), 1009)


def test_no_case_left_a_traceback(server: Server) -> None:
    """It is the last of each server's cases."""
    assert "Traceback" not in server.said()
