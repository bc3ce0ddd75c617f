"""WebSocket frames, made by hand."""

from __future__ import annotations

from websockets.frames import Frame, Opcode

from monitor.wire.websocket_frames import LONG


def framed(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True)


def binary(data: bytes) -> bytes:
    return framed(Opcode.BINARY, data)


def split(data: bytes) -> list[bytes]:
    """Return the frames of a server that were written at once."""
    frames = []
    while data:
        length, begin = data[1], 2
        if length >= LONG:
            begin = 4 if length == LONG else 10
            length = int.from_bytes(data[2:begin])
        frames.append(data[: begin + length])
        data = data[begin + length :]
    return frames
