"""Frame: one piece of a tap's audio with its position, as Redis and browsers get it.

    offset  size  field        little-endian
    0       u8    version      1
    1       u8    leg          0 both, 1 speak, 2 listen
    2       u16   flags        1 gap before, 2 masked, 4 concealed
    4       u32   position     samples since the tap's media began
    8       u64   received_at  microseconds, Unix time
    16      …     samples      s16le mono at the rate the hello names

``static/js/wire/frame.js`` is the same parser for browsers. Both are tested on
``tests/wire/frame-sample.json``.
"""

from __future__ import annotations

import struct
from enum import IntEnum, IntFlag
from typing import NamedTuple

VERSION = 1
_HEADER = struct.Struct("<BBHIQ")
_POSITION = struct.Struct("<I")
HEADER_SIZE = _HEADER.size  # 16 bytes


class Leg(IntEnum):
    """Which side of the call a Frame carries, by the names of SignalWire's ``direction``."""

    BOTH = 0
    SPEAK = 1
    LISTEN = 2


class Flag(IntFlag):
    """What a listener must know about a Frame."""

    NONE = 0
    GAP = 1  # audio is missing before this frame
    MASKED = 2  # replaced on purpose
    CONCEALED = 4  # made up to hide a loss


class FrameHeader(NamedTuple):
    """The 16 bytes before the samples."""

    leg: Leg
    flags: Flag
    position: int
    received_at: int


def pack(leg: Leg, flags: Flag, position: int, received_at: int, pcm: bytes) -> bytes:
    """Return a Frame as bytes. The position wraps at 2^32 samples (149 hours)."""
    return _HEADER.pack(VERSION, leg, flags, position & 0xFFFFFFFF, received_at) + pcm


def unpack_header(frame: bytes) -> FrameHeader:
    """Read a Frame's header.

    Raises ValueError, which says what is wrong, for anything but a whole Frame.
    """
    if len(frame) < HEADER_SIZE:
        raise ValueError(f"frame of {len(frame)} bytes is shorter than its 16-byte header")
    version, leg, flags, position, received_at = _HEADER.unpack_from(frame)
    if version != VERSION:
        raise ValueError(f"frame version {version} is unknown; this is version {VERSION}")
    if leg > Leg.LISTEN:
        raise ValueError(f"frame leg {leg} is unknown; it is 0, 1 or 2")
    if (len(frame) - HEADER_SIZE) % 2:
        raise ValueError("frame ends in half a sample")
    return FrameHeader(Leg(leg), Flag(flags), position, received_at)


def position_of(frame: bytes) -> int:
    """Return the position of a whole Frame, in a twentieth of the time of ``unpack_header``."""
    position: int = _POSITION.unpack_from(frame, 4)[0]
    return position


def is_unmasked_since(frame: bytes, since: int) -> bool:
    """Return whether a whole Frame has the call's own audio, received since then, in µs."""
    _, _, flags, _, received_at = _HEADER.unpack_from(frame)
    return received_at >= since and not flags & Flag.MASKED.value


def with_flags(frame: bytes, flags: Flag) -> bytes:
    """Return the same Frame with more flags set."""
    header = unpack_header(frame)
    return pack(
        header.leg, header.flags | flags, header.position, header.received_at, samples(frame)
    )


def sample_count(frame: bytes) -> int:
    """Return how many samples a Frame carries."""
    return (len(frame) - HEADER_SIZE) // 2


def samples(frame: bytes) -> bytes:
    """Return the s16le bytes of a Frame."""
    return frame[HEADER_SIZE:]
