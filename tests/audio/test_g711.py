"""G.711, code by code, against the expansion rules of ITU-T G.711."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from monitor.audio import g711
from monitor.audio.g711 import CODECS, Codec

ALL_CODES = bytes(range(256))
#: Mu-law has two zeros. 0x7f, the negative one, decodes to 0, which encodes to 0xff.
NEGATIVE_ZERO = 0x7F


def mu_law(code: int) -> int:
    """Expand a code by table 2a: sent inverted, 14 bits, the upper ones of our 16."""
    sent = ~code & 0xFF
    segment, step = sent >> 4 & 7, sent & 15
    magnitude = ((2 * step + 33) << segment) - 33
    return 4 * (-magnitude if sent & 0x80 else magnitude)


def a_law(code: int) -> int:
    """Expand a code by table 1a: even bits inverted, 13 bits, the upper ones of our 16."""
    sent = code ^ 0x55
    segment, step = sent >> 4 & 7, sent & 15
    magnitude = 2 * step + 1 if segment == 0 else (2 * step + 33) << (segment - 1)
    return 8 * (magnitude if sent & 0x80 else -magnitude)


LAWS: dict[Codec, Callable[[int], int]] = {"PCMU": mu_law, "PCMA": a_law}


def decoded(codec: Codec, payload: bytes) -> list[int]:
    pcm = g711.decode(codec, payload)
    return list(struct.unpack(f"<{len(payload)}h", pcm))


@pytest.mark.parametrize("codec", CODECS)
def test_every_code_decodes_as_the_recommendation_says(codec: Codec) -> None:
    assert decoded(codec, ALL_CODES) == [LAWS[codec](code) for code in range(256)]


def test_the_reference_tells_the_two_laws_apart() -> None:
    """This is the control: with the laws swapped, all but a few of the 256 codes are wrong."""
    wrong = [
        code for code, sample in enumerate(decoded("PCMU", ALL_CODES)) if sample != a_law(code)
    ]
    assert len(wrong) > 250


@pytest.mark.parametrize(
    ("codec", "code", "sample"),
    [
        ("PCMU", 0x00, -32124),
        ("PCMU", 0x80, 32124),
        ("PCMU", 0xFF, 0),
        ("PCMU", NEGATIVE_ZERO, 0),
        ("PCMA", 0xAA, 32256),
        ("PCMA", 0x2A, -32256),
        ("PCMA", 0xD5, 8),
        ("PCMA", 0x55, -8),
    ],
)
def test_the_ends_and_the_middle_of_each_law(codec: Codec, code: int, sample: int) -> None:
    """The values are written out, so that a mistake made in code and reference alike would show."""
    assert decoded(codec, bytes([code])) == [sample]


@pytest.mark.parametrize("codec", CODECS)
def test_every_code_survives_decoding_and_encoding(codec: Codec) -> None:
    codes = [code for code in range(256) if (codec, code) != ("PCMU", NEGATIVE_ZERO)]
    assert g711.encode(codec, g711.decode(codec, bytes(codes))) == bytes(codes)


def test_the_negative_zero_of_mu_law_comes_back_as_the_positive_one() -> None:
    assert g711.encode("PCMU", g711.decode("PCMU", bytes([NEGATIVE_ZERO]))) == b"\xff"


@pytest.mark.parametrize("codec", CODECS)
def test_every_sample_is_encoded_to_a_value_within_half_a_step(codec: Codec) -> None:
    """A step is 1/16 of its segment, and mu-law segments begin 132 (33 · 4) early."""
    pcm = struct.pack("<65536h", *range(-32768, 32768))
    back = decoded(codec, g711.encode(codec, pcm))
    clipped = max(LAWS[codec](code) for code in range(256))
    for sample, value in zip(range(-32768, 32768), back, strict=True):
        within = (abs(sample) + 132) / 32 + 4
        assert abs(sample - value) <= within or abs(sample) > clipped


@pytest.mark.parametrize(("codec", "sample"), [("PCMU", 0), ("PCMA", 8)])
def test_silence_is_20_ms_of_the_quietest_sample(codec: Codec, sample: int) -> None:
    """A-law has no zero; its quietest is 8 of 32768."""
    assert decoded(codec, g711.SILENCE[codec]) == [sample] * 160


@pytest.mark.parametrize("codec", CODECS)
def test_no_bytes_are_no_samples(codec: Codec) -> None:
    assert g711.decode(codec, b"") == b""
    assert g711.encode(codec, b"") == b""
