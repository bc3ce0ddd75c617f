"""The way out of a jitter buffer: pieces of audio, each following the one before."""

from __future__ import annotations

from typing import NamedTuple

from .conceal import conceal
from .figures import Figures
from .frame import Flag
from .g711 import SAMPLE_RATE, SAMPLE_WIDTH, Codec, decode

LEAP = SAMPLE_RATE  # samples, 1 s: more silence at once would only make listeners late


class Piece(NamedTuple):
    """Audio that follows the piece before.

    ``skipped`` samples of the sender's time went by unheard before it; they come
    with Flag.GAP and count in a position. With GAP and none skipped the sender
    began anew, and nobody can say how much is missing.
    """

    pcm: bytes  # s16le mono, 8000 Hz
    samples: int
    flags: Flag  # GAP before it, CONCEALED: made up for what is lost
    skipped: int


class Audio(NamedTuple):
    """The audio of a packet that waits for its turn."""

    position: int  # of its first sample, in the sender's time
    codec: Codec
    payload: bytes  # a byte a sample


class Timeline:
    """Collects pieces and knows where in the sender's time they end."""

    __slots__ = ("_figures", "_flags", "_last", "_made", "_pieces", "_skipped", "cursor", "filled")

    def __init__(self, figures: Figures) -> None:
        self.cursor = 0  # timestamp of the next sample, without its wrap
        self.filled = False  # has anything else gone out since the sender's last audio?
        self._figures = figures
        self._pieces: list[Piece] = []
        self._flags = Flag.NONE  # of the next piece
        self._skipped = 0  # samples before the next piece
        self._last = b""  # s16le to conceal with
        self._made = 0  # samples concealed since the sender's last audio

    def take(self) -> list[Piece]:
        """The pieces since the last call."""
        pieces = self._pieces
        if pieces:
            self._pieces = []
        return pieces

    def play(self, codec: Codec, payload: bytes) -> None:
        """Play what the sender sent."""
        if codec == "PCMU":
            self._figures.pcmu += 1
        else:
            self._figures.pcma += 1
        if self.filled:
            self._end_filling()
        self._last = pcm = decode(codec, payload)
        self._append(pcm, len(payload), self._flags)

    def play_rest(self, audio: Audio) -> None:
        """Play what is left of audio after its time was filled."""
        payload = audio.payload[self.cursor - audio.position :]
        if payload:
            self.play(audio.codec, payload)
        else:
            self._figures.late += 1

    def follow(self, audio: Audio) -> None:
        """Go on to audio that does not begin where the last piece ended, though no packet
        is missing: its timestamp is a little off, or its sender was silent."""
        ahead = audio.position - self.cursor
        if not self.filled and 2 * abs(ahead) < len(audio.payload):
            self.cursor = audio.position
        elif ahead > 0:
            self.silence(ahead)

    def silence(self, samples: int) -> None:
        """Put out silence that the sender meant."""
        self.filled = True
        if samples > LEAP:
            self._skip(samples)
            return
        self._last = pcm = bytes(samples * SAMPLE_WIDTH)
        self._append(pcm, samples, self._flags)

    def conceal(self, samples: int) -> None:
        """Put out something in place of what is lost."""
        self.filled = True
        if samples > LEAP:
            self._skip(samples)
            return
        pcm = conceal(self._last, self._made, samples)
        self._made += samples
        self._append(pcm, samples, self._flags | Flag.CONCEALED)

    def jump(self, timestamp: int) -> None:
        """Go on elsewhere in the sender's time, which may run backwards for once."""
        self.cursor = timestamp
        self._flags |= Flag.GAP

    def _end_filling(self) -> None:
        """Count what was made up: audio follows, so it was in place of something."""
        self.filled = False
        self._figures.concealed += self._made
        self._made = 0

    def _skip(self, samples: int) -> None:
        self.cursor += samples
        self._skipped += samples
        self._figures.skipped += samples
        self._flags |= Flag.GAP

    def _append(self, pcm: bytes, samples: int, flags: Flag) -> None:
        self._pieces.append(Piece(pcm, samples, flags, self._skipped))
        self.cursor += samples
        if self._flags is not Flag.NONE:  # to ask a flag whether it is set takes 0.3 µs
            self._flags = Flag.NONE
            self._skipped = 0
