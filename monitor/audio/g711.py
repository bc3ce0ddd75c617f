"""G.711: converts PCMU (mu-law) and PCMA (A-law) to s16le and back.

Both are the ITU-T G.711 companding tables at 8000 Hz with one byte per sample. In RTP they are
the payload types 0 (PCMU) and 8 (PCMA): RFC 3551 section 6. The standard library's ``audioop``
does the work in C. From Python 3.13 on, the package audioop-lts provides it by the same name.
"""

from __future__ import annotations

import warnings
from typing import Literal

with warnings.catch_warnings():
    # Deprecated in 3.11 and 3.12; on 3.13 the name comes from audioop-lts.
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

SAMPLE_RATE = 8000  # Hz
SAMPLE_WIDTH = 2  # bytes of s16le

Codec = Literal["PCMU", "PCMA"]
CODECS: tuple[Codec, ...] = ("PCMU", "PCMA")

#: One 20 ms packet of digital silence in each law.
SILENCE: dict[Codec, bytes] = {"PCMU": b"\xff" * 160, "PCMA": b"\xd5" * 160}


def samples_in(seconds: float) -> int:
    """Return the number of whole samples in so many seconds."""
    return int(seconds * SAMPLE_RATE)


def decode(codec: Codec, payload: bytes) -> bytes:
    """Expand G.711 bytes to s16le, two bytes per sample."""
    if codec == "PCMU":
        return audioop.ulaw2lin(payload, SAMPLE_WIDTH)
    return audioop.alaw2lin(payload, SAMPLE_WIDTH)


def encode(codec: Codec, pcm: bytes) -> bytes:
    """Compress s16le to G.711, one byte per sample."""
    if codec == "PCMU":
        return audioop.lin2ulaw(pcm, SAMPLE_WIDTH)
    return audioop.lin2alaw(pcm, SAMPLE_WIDTH)
