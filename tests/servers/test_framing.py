"""WebSocket frames however they are cut: whole binary messages take a short way past the
servers' parsers, and nobody must see where it begins or ends."""

from __future__ import annotations

import asyncio
import random

import pytest
import websockets
from websockets.frames import Frame, Opcode
from websockets.utils import apply_mask

from monitor.audio import g711
from monitor.wire import websocket_frames
from tests.support.framing import binary, framed
from tests.support.servers import Server
from tests.support.talk import closing, open_tap, payload
from tests.support.taps import MULAW, assert_ring, closed_row, reasons

LIMIT = 131_072  # bytes of a message, at the server


async def write(sender: websockets.ClientConnection, stream: bytes, cuts: list[int]) -> None:
    """Put bytes on the wire, a segment for each cut."""
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        sender.transport.write(stream[begin:end])
        await asyncio.sleep(0.002)  # so that the server reads most of them one by one


SIZES = [160, 1, 125, 126, 127, 480, 8000, 16_000, 40_000]


@pytest.mark.parametrize("seed", range(4))
async def test_frames_cut_anywhere_come_whole_and_in_order(each_server: Server, seed: int) -> None:
    chance = random.Random(seed)
    sizes = chance.sample(SIZES * 2, len(SIZES)) + [160] * 10
    sent = [payload(number, size) for number, size in enumerate(sizes)]
    stream = b"".join(map(binary, sent))
    opened = await open_tap()
    async with each_server.tap(opened.uri) as sender:
        await write(sender, stream, sorted(chance.sample(range(len(stream)), 60)))
    await assert_ring(opened.tap, g711.decode("PCMU", b"".join(sent)))
    assert (await closed_row(opened.tap)).frames == len(sent)


async def test_a_frame_may_be_cut_within_its_head(each_server: Server) -> None:
    sent = [payload(number) for number in range(9)]
    key = b"\x82\x80\x82\x80"  # looks like the head of an empty message
    frames = [b"\x82\xfe\x00\xa0" + key + apply_mask(one, key) for one in sent]
    opened = await open_tap()
    async with each_server.tap(opened.uri) as sender:
        # The head is 8 bytes long; the nth frame is cut behind its nth byte.
        cuts = [number * len(frames[0]) + number for number in range(1, 9)]
        await write(sender, b"".join(frames), cuts)
    await assert_ring(opened.tap, g711.decode("PCMU", b"".join(sent)))


async def test_many_frames_in_one_segment_come_whole_and_in_order(each_server: Server) -> None:
    sent = [payload(number) for number in range(100)]
    opened = await open_tap()
    async with each_server.tap(opened.uri) as sender:
        await write(sender, b"".join(map(binary, sent)), [])
    await assert_ring(opened.tap, g711.decode("PCMU", b"".join(sent)))


async def test_a_message_of_several_frames_with_a_ping_amid_is_one(each_server: Server) -> None:
    parts = [payload(number, 400) for number in range(3)]
    stream = (
        binary(payload(9, 400))
        + framed(Opcode.BINARY, parts[0], fin=False)
        + framed(Opcode.PING, b"are you there")
        + framed(Opcode.CONT, parts[1], fin=False)
        + framed(Opcode.CONT, parts[2])
        + binary(payload(8, 400))
    )
    opened = await open_tap()
    async with each_server.tap(opened.uri) as sender:
        await write(sender, stream, [10, 500, 900, 1300])
    expected = b"".join([payload(9, 400), *parts, payload(8, 400)])
    await assert_ring(opened.tap, g711.decode("PCMU", expected))
    assert (await closed_row(opened.tap)).frames == 3


async def test_text_between_audio_in_one_segment_keeps_its_place(each_server: Server) -> None:
    change = framed(Opcode.TEXT, b"audio/pcma")
    stream = framed(Opcode.TEXT, MULAW.encode()) + binary(payload(1)) + change + binary(payload(2))
    opened = await open_tap()
    async with each_server.tap(opened.uri) as sender:
        await write(sender, stream, [])
        code, reason = await closing(sender)
    assert (code, reason) == (1003, "format changed from PCMU to PCMA")
    assert (await closed_row(opened.tap)).frames == 1


BROKEN = {
    "not masked": (Frame(Opcode.BINARY, b"\xff" * 160).serialize(mask=False), 1002),
    "reserved bit": (bytes([0xC2]) + binary(b"\xff" * 160)[1:], 1002),
    "binary within a message": (
        framed(Opcode.BINARY, b"\xff" * 160, fin=False) + binary(b"\xff" * 160),
        1002,
    ),
    "head that says too much": (binary(b"\xff" * (LIMIT + 1))[:20], 1009),
    "text that is not UTF-8": (framed(Opcode.TEXT, b"\x80"), 1007),
    "text in two frames that is not UTF-8": (
        framed(Opcode.TEXT, b"\xc3", fin=False) + framed(Opcode.CONT, b"\xc3"),
        1007,
    ),
    "close with one byte": (framed(Opcode.CLOSE, b"\x03"), 1002),
    "close whose reason is not UTF-8": (framed(Opcode.CLOSE, b"\x03\xe8\x80"), 1007),
    **{
        f"close with {code}": (framed(Opcode.CLOSE, code.to_bytes(2)), 1002)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)
    },
    "whole and too big": (binary(b"\xff" * (LIMIT + 1)), 1009),
}


@pytest.mark.parametrize(("stream", "code"), BROKEN.values(), ids=BROKEN.keys())
async def test_what_breaks_the_protocol_is_closed_and_what_came_before_is_counted(
    each_server: Server, stream: bytes, code: int
) -> None:
    opened = await open_tap()
    async with each_server.tap(opened.uri) as sender:
        await write(sender, binary(payload(1)) + stream, [])
        assert (await closing(sender))[0] == code
    assert (await closed_row(opened.tap)).frames == 1
    assert "Traceback" not in each_server.said()


async def test_audio_behind_a_close_frame_is_not_taken(each_server: Server) -> None:
    opened = await open_tap()
    async with each_server.tap(opened.uri) as sender:
        goodbye = framed(Opcode.CLOSE, b"\x03\xe8")
        await write(sender, binary(payload(1)) + goodbye + binary(payload(2)), [])
        await closing(sender)
    assert (await closed_row(opened.tap)).frames == 1


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (b"", "the connection closed without a code"),
        *(
            (code.to_bytes(2), f"the connection closed ({code})")
            for code in (1000, 1001, 1003, 1007, 1011, 1012, 1013, 1014, 3000, 4999)
        ),
    ],
)
async def test_how_a_sender_closed_is_told(each_server: Server, frame: bytes, said: str) -> None:
    opened = await open_tap()
    async with each_server.tap(opened.uri) as sender:
        await write(sender, binary(payload(1)) + framed(Opcode.CLOSE, frame), [])
        await sender.wait_closed()
        assert sender.close_code != 1006  # a close frame has come back
    await closed_row(opened.tap)
    assert (await reasons(opened.tap))[-1] == f"media closed: {said}"


@pytest.mark.parametrize("size", [1, 125, 126, 65_535, 65_536])
def test_the_extent_of_a_frame_is_known_once_its_head_is_there(size: int) -> None:
    frame = binary(b"\xff" * size)
    head = len(frame) - size
    assert [websocket_frames.extent(frame[:have], 0) for have in range(2)] == [(0, 0)] * 2
    assert websocket_frames.extent(frame[: head - 4], 0) == (head, len(frame))
    assert websocket_frames.extent(b"before" + frame, 6) == (6 + head, 6 + len(frame))


@pytest.mark.parametrize("size", [0, 1, 125, 126, 976, 65_535, 65_536])
def test_a_message_is_built_as_the_library_builds_it(size: int) -> None:
    data = payload(3, size)
    assert websocket_frames.binary(data) == Frame(Opcode.BINARY, data).serialize(mask=False)
    assert websocket_frames.text(data) == Frame(Opcode.TEXT, data).serialize(mask=False)
