"""Reads what a sender says about its audio, usually before the first binary message.

SignalWire publishes no specification of this. Public receivers for it accept four openings: JSON
with ``content-type``, JSON with ``format``, a bare string that contains the type, or no text at
all, which means mu-law at 8000 Hz. All of them are accepted here, in any spelling that is in use.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from monitor.audio.g711 import SAMPLE_RATE, Codec

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
    """The sender announces audio that is not G.711 at 8000 Hz, mono."""


class JsonAudio(UnsupportedAudio):
    """The sender puts its audio into text messages, as a SignalWire ``stream`` does."""

    def __init__(self) -> None:
        super().__init__(
            "JSON media messages: this is a `stream`, not a `tap`, whose audio is binary"
        )


class Announcement(NamedTuple):
    """The codec, and the type as the sender wrote it."""

    codec: Codec
    content_type: str


def parse(text: str) -> Announcement | None:
    """Return what a text message of a tap's socket announces, or None if it names no audio.

    Raises UnsupportedAudio, which names the value and what is allowed, for a codec, rate or
    number of channels that cannot be played, and JsonAudio for a message that is audio itself.
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
    # It is shown and stored, so NUL, lone surrogates and control characters are left out.
    return Announcement(codec, "".join(filter(str.isprintable, content_type))[:200])


def _message(text: str) -> object:
    """Return the value of a JSON text, or the text itself if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _holds_audio(message: object) -> bool:
    """Return whether a message is like ``{"event":"media","media":{"payload":"<base64>"}}``."""
    media = message.get("media") if isinstance(message, dict) else None
    return isinstance(media, dict) and isinstance(media.get("payload"), str)


def _content_type(message: object) -> str | None:
    if isinstance(message, str):
        return message.strip() if "audio/" in message.lower() else None
    if isinstance(message, dict):
        lowered = {str(key).lower().replace("_", "-"): value for key, value in message.items()}
        content_type = lowered.get("content-type") or lowered.get("format")
        # A type of another kind, such as "application/json", is about something else.
        if isinstance(content_type, str) and (
            "/" not in content_type or "audio/" in content_type.lower()
        ):
            return content_type.strip() + _beside(content_type.lower(), lowered)
    return None


def _beside(content_type: str, message: dict[str, object]) -> str:
    """Return the ``rate`` and ``channels`` beside a type, unless the type itself has them."""
    missing = [name for name in ("rate", "channels") if name not in content_type]
    values = [(name, message.get(name)) for name in missing]
    return "".join(f";{name}={one}" for name, one in values if isinstance(one, int | float | str))


def _shown(value: str) -> str:
    return repr(value if len(value) <= MAX_SHOWN else value[:MAX_SHOWN] + "…")
