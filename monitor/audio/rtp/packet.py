"""RtpPacket: reads and writes RTP packets (RFC 3550 section 5.1).

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    |V=2|P|X|  CC   |M|     PT      |       sequence number         |
    |                           timestamp                           |
    |           synchronization source (SSRC) identifier            |
    |            contributing source (CSRC) identifiers …           |

SignalWire says little about its RTP taps. So the meaning of the payload types is a table that
the caller may extend, and an unknown type is not treated as a broken packet.
"""

from __future__ import annotations

import struct
from enum import Enum
from typing import NamedTuple

from monitor.audio.g711 import Codec

VERSION = 2
_HEADER = struct.Struct("!BBHII")
HEADER_SIZE = _HEADER.size  # 12 bytes
_PLAIN = VERSION << 6  # first byte without padding, extension or CSRC: nearly every packet
_MARKER = 0x80  # of the second byte
_RTCP = range(192, 224)  # the second byte of RTCP on a shared port: RFC 5761 section 4


class Kind(Enum):
    """What an RTP packet carries."""

    PCMU = "PCMU"
    PCMA = "PCMA"
    COMFORT_NOISE = "comfort noise"  # the sender is silent: RFC 3389
    EVENT = "event"  # a key pressed, not its sound: RFC 4733
    UNKNOWN = "unknown"


#: Kinds that are played, and how to decode them.
CODECS: dict[Kind, Codec] = {Kind.PCMU: "PCMU", Kind.PCMA: "PCMA"}

#: Payload types. RFC 3551 section 6 defines 0, 8 and 13, and reserves 19, which was comfort
#: noise in its drafts and still is in older gateways. telephone-event has a dynamic type, for
#: which nearly all senders use 101. All others are Kind.UNKNOWN.
PAYLOAD_TYPES: dict[int, Kind] = {
    0: Kind.PCMU,
    8: Kind.PCMA,
    13: Kind.COMFORT_NOISE,
    19: Kind.COMFORT_NOISE,
    101: Kind.EVENT,
}


class RtpPacket(NamedTuple):
    """One RTP packet; the fields have the RFC's names."""

    payload_type: int
    sequence_number: int
    timestamp: int  # samples, for G.711
    ssrc: int
    payload: bytes = b""  # without padding
    marker: bool = False
    csrc: tuple[int, ...] = ()
    extension: bytes = b""  # with its four-byte header
    padding: int = 0  # bytes

    def __repr__(self) -> str:
        return (
            f"RtpPacket(ssrc={self.ssrc:08x}, seq={self.sequence_number}, ts={self.timestamp}, "
            f"pt={self.payload_type}, marker={self.marker:d}, {len(self.payload)} bytes)"
        )

    @classmethod
    def parse(cls, datagram: bytes) -> RtpPacket:
        """Read a datagram.

        Raises ValueError, saying what is wrong, for anything but a whole RTP
        packet. An RTCP packet may look like one: ask is_rtcp() first.
        """
        if len(datagram) < HEADER_SIZE:
            raise ValueError(f"RTP packet of {len(datagram)} bytes is shorter than its header")
        first, second, sequence_number, timestamp, ssrc = _HEADER.unpack_from(datagram)
        payload_type, marker = second & 0x7F, second >= _MARKER
        if first == _PLAIN:
            # The fields are in their order here: naming them would cost 0.4 µs more.
            return cls(
                payload_type, sequence_number, timestamp, ssrc, datagram[HEADER_SIZE:], marker
            )
        csrc, extension, payload, padding = _rest(datagram, first)
        return cls(
            payload_type,
            sequence_number,
            timestamp,
            ssrc,
            payload,
            marker,
            csrc=csrc,
            extension=extension,
            padding=padding,
        )

    def serialize(self) -> bytes:
        """Return the packet as a datagram.

        Raises ValueError for values that do not fit into a header: over 15 CSRCs, over 255
        bytes of padding, or a number that is too big for its field.
        """
        if len(self.csrc) > 15:
            raise ValueError(f"RTP packet has {len(self.csrc)} CSRCs; 15 fit")
        if not 0 <= self.payload_type < _MARKER:
            raise ValueError(f"RTP payload type {self.payload_type} is not 0 to 127")
        first = _PLAIN | bool(self.padding) << 5 | bool(self.extension) << 4 | len(self.csrc)
        second = self.marker << 7 | self.payload_type
        try:
            header = _HEADER.pack(
                first, second, self.sequence_number, self.timestamp, self.ssrc
            ) + struct.pack(f"!{len(self.csrc)}I", *self.csrc)
            padding = bytes(self.padding - 1) + bytes([self.padding]) if self.padding else b""
        except struct.error as error:
            raise ValueError(f"RTP packet cannot be written: {error}") from None
        return header + self.extension + self.payload + padding


def is_rtcp(datagram: bytes) -> bool:
    """Tell whether a datagram is RTCP on RTP's port (RFC 5761), which is neither audio nor an
    error."""
    return len(datagram) > 1 and datagram[0] >> 6 == VERSION and datagram[1] in _RTCP


def _rest(datagram: bytes, first: int) -> tuple[tuple[int, ...], bytes, bytes, int]:
    """Return the CSRC list, extension, payload and padding of a packet that is not plain."""
    if first >> 6 != VERSION:
        raise ValueError(f"RTP version {first >> 6} is unknown; this is version {VERSION}")
    count = first & 0x0F
    start = HEADER_SIZE + 4 * count
    if len(datagram) < start:
        raise ValueError(f"RTP packet has a truncated list of {count} CSRCs")
    csrc = struct.unpack_from(f"!{count}I", datagram, HEADER_SIZE)
    extension = _extension(datagram, start) if first & 0x10 else b""
    start += len(extension)
    padding = _padding(datagram, start) if first & 0x20 else 0
    return csrc, extension, datagram[start : len(datagram) - padding], padding


def _extension(datagram: bytes, start: int) -> bytes:
    """Return the header extension at ``start`` (RFC 3550 section 5.3.1)."""
    if len(datagram) < start + 4:
        raise ValueError("RTP packet has a truncated extension header")
    size = 4 + 4 * int.from_bytes(datagram[start + 2 : start + 4], "big")  # counted in words
    if len(datagram) < start + size:
        raise ValueError(f"RTP packet has a truncated extension of {size} bytes")
    return datagram[start : start + size]


def _padding(datagram: bytes, start: int) -> int:
    """Return the number of padding bytes of a packet whose payload begins at ``start``."""
    if len(datagram) == start:
        raise ValueError("RTP packet has the padding bit and nothing to pad")
    padding = datagram[-1]  # counts itself
    if not 0 < padding <= len(datagram) - start:
        raise ValueError(f"RTP packet has {padding} of {len(datagram) - start} bytes as padding")
    return padding
