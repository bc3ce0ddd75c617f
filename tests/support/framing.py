"""WebSocket frames, made by hand."""

from __future__ import annotations

from websockets.frames import Frame, Opcode


def framed(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True)


def binary(data: bytes) -> bytes:
    return framed(Opcode.BINARY, data)
