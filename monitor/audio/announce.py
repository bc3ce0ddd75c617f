"""What a tap's socket says about its audio before the first binary message.

SignalWire publishes no specification of it. Its public receivers accept four
openings: JSON with ``content-type``, JSON with ``format``, a bare string
containing the type, or no text at all (then mu-law at 8000 Hz is meant). All
four are read here, as generously as they are written.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from .g711 import SAMPLE_RATE, Codec

_NAMES: dict[str, Codec] = {
    "mulaw": "PCMU",
    "ulaw": "PCMU",
    "pcmu": "PCMU",
    "g711u": "PCMU",
    "basic": "PCMU",  # audio/basic is mu-law at 8000 Hz: RFC 2046 section 4.3
    "alaw": "PCMA",
    "pcma": "PCMA",
    "g711a": "PCMA",
}
_SUBTYPE = re.compile(r"audio/([\w.+-]+)")
_PARAMETER = re.compile(r"(rate|channels)\s*=\s*\"?(\w+)")
MAX_SHOWN = 80  # characters of a sender's text repeated in an error


class UnsupportedAudio(ValueError):
    """The sender announces audio that G.711 at 8000 Hz is not."""


class JsonAudio(UnsupportedAudio):
    """The sender puts its audio into text, as media streams of other kinds do."""

    def __init__(self) -> None:
        super().__init__(
            "JSON media messages: this is a `stream`, not a `tap`, whose audio is binary"
        )


class Announcement(NamedTuple):
    """The codec, and the type string as the sender wrote it."""

    codec: Codec
    content_type: str


def parse(text: str) -> Announcement | None:
    """Read a text message of a tap's socket; None if it says nothing about audio.

    Raises UnsupportedAudio, naming the value and what is allowed, for a codec,
    rate or channel count that cannot be played, and JsonAudio for a message that
    is itself audio.
    """
    message = _message(text)
    if _holds_audio(message):
        raise JsonAudio
    content_type = _content_type(message)
    if content_type is None:
        return None
    subtype = _SUBTYPE.search(content_type.lower())
    name = subtype[1] if subtype else content_type.lower().split(";")[0].strip()
    codec = _NAMES.get(re.sub(r"^x-|[-_.]", "", name))
    if codec is None:
        raise UnsupportedAudio(f"{_shown(content_type)} is not audio/mulaw or audio/alaw")
    for parameter, value in _PARAMETER.findall(content_type.lower()):
        allowed = SAMPLE_RATE if parameter == "rate" else 1
        if value != str(allowed):
            raise UnsupportedAudio(f"{parameter} {_shown(value)} is not {allowed}")
    # Shown and stored: no NUL, lone surrogate or control character of a sender's.
    return Announcement(codec, "".join(filter(str.isprintable, content_type))[:200])


def _message(text: str) -> object:
    """What a text means as JSON; text that is no JSON is returned as it is."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _holds_audio(message: object) -> bool:
    """Whether this is ``{"event":"media","media":{"payload":"<base64>"}}`` or alike."""
    media = message.get("media") if isinstance(message, dict) else None
    return isinstance(media, dict) and isinstance(media.get("payload"), str)


def _content_type(message: object) -> str | None:
    if isinstance(message, str):
        return message.strip() if "audio/" in message.lower() else None
    if isinstance(message, dict):
        lowered = {str(key).lower().replace("_", "-"): value for key, value in message.items()}
        content_type = lowered.get("content-type") or lowered.get("format")
        # A type of another kind ("application/json") is about something else.
        if isinstance(content_type, str) and (
            "/" not in content_type or "audio/" in content_type.lower()
        ):
            return content_type.strip() + _beside(content_type.lower(), lowered)
    return None


def _beside(content_type: str, message: dict[str, object]) -> str:
    """``rate`` and ``channels`` beside the type count as inside it, which wins."""
    missing = [name for name in ("rate", "channels") if name not in content_type]
    values = [(name, message.get(name)) for name in missing]
    return "".join(f";{name}={one}" for name, one in values if isinstance(one, int | float | str))


def _shown(value: str) -> str:
    return repr(value if len(value) <= MAX_SHOWN else value[:MAX_SHOWN] + "…")
