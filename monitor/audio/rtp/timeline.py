"""Timeline: the output of a jitter buffer, as pieces of audio that follow each other."""

from __future__ import annotations

from typing import NamedTuple

from monitor.audio.g711 import SAMPLE_RATE, SAMPLE_WIDTH, Codec, decode
from monitor.audio.rtp.conceal import conceal
from monitor.audio.rtp.figures import Figures
from monitor.wire.frame import Flag

LEAP = SAMPLE_RATE  # samples, 1 s: more silence at once would only make listeners late


class Piece(NamedTuple):
    """A piece of audio that follows the one before.

    ``skipped`` samples of the sender's time passed unheard before it. They come with Flag.GAP
    and count in a position. If GAP is set and none were skipped, the sender started again, and
    it is not known how much is missing.

    ``waited`` says for how long it was held back for audio before it that never came. Concealment
    in place of that audio counts as received with what follows it.
    """

    pcm: bytes  # s16le mono, 8000 Hz
    samples: int
    flags: Flag  # GAP: audio is missing before it; CONCEALED: it was made up
    skipped: int
    waited: int = 0  # microseconds


class Audio(NamedTuple):
    """The audio of a packet that waits for its turn."""

    position: int  # of its first sample, in the sender's time
    codec: Codec
    payload: bytes  # one byte per sample
    at: float  # when it came, in seconds


class Timeline:
    """Collects pieces and knows where in the sender's time they end."""

    __slots__ = (
        "_figures",
        "_flags",
        "_last",
        "_made",
        "_pieces",
        "_skipped",
        "cursor",
        "filled",
        "received",
        "waited",
    )

    def __init__(self, figures: Figures) -> None:
        self.cursor = 0  # timestamp of the next sample, without its wrap
        self.filled = False  # whether other audio has gone out since the sender's last
        self.received = 0.0  # when all held audio that has gone out had come, in seconds
        self.waited = 0  # microseconds for which the next pieces were held back
        self._figures = figures
        self._pieces: list[Piece] = []
        self._flags = Flag.NONE  # of the next piece
        self._skipped = 0  # samples before the next piece
        self._last = b""  # s16le to conceal with
        self._made = 0  # samples concealed since the sender's last audio

    def count_wait(self, audio: Audio, now: float) -> None:
        """Let what goes out now count as received when this audio and all before it had come.

        Audio that waited for a late packet was received with that one, as over TCP. Audio that
        waited for a lost one was received when it came itself.
        """
        self.received = max(self.received, audio.at)
        self.waited = int((now - self.received) * 1e6)

    def take(self) -> list[Piece]:
        """Return the pieces since the last call."""
        pieces = self._pieces
        if pieces:
            self._pieces = []
        return pieces

    def play(self, codec: Codec, payload: bytes) -> None:
        """Play audio that the sender sent."""
        if codec == "PCMU":
            self._figures.pcmu += 1
        else:
            self._figures.pcma += 1
        if self.filled:
            self._end_filling()
        self._last = pcm = decode(codec, payload)
        self._append(pcm, len(payload), self._flags)

    def play_rest(self, audio: Audio) -> None:
        """Play the part of held audio whose time has not been filled yet."""
        payload = audio.payload[self.cursor - audio.position :]
        if payload:
            self.play(audio.codec, payload)
        else:
            self._figures.late += 1

    def follow(self, audio: Audio) -> None:
        """Move to audio that does not begin where the last piece ended, although no packet is
        missing: its timestamp is a little off, or its sender was silent."""
        ahead = audio.position - self.cursor
        if not self.filled and 2 * abs(ahead) < len(audio.payload):
            self.cursor = audio.position
        elif ahead > 0:
            self.silence(ahead)

    def silence(self, samples: int) -> None:
        """Put out silence that the sender intended."""
        self.filled = True
        if samples > LEAP:
            self._skip(samples)
            return
        self._last = pcm = bytes(samples * SAMPLE_WIDTH)
        self._append(pcm, samples, self._flags)

    def conceal(self, samples: int) -> None:
        """Put out concealment in place of lost audio."""
        self.filled = True
        if samples > LEAP:
            self._skip(samples)
            return
        pcm = conceal(self._last, self._made, samples)
        self._made += samples
        self._append(pcm, samples, self._flags | Flag.CONCEALED)

    def jump(self, timestamp: int) -> None:
        """Go on at another place in the sender's time, which may be an earlier one."""
        self.cursor = timestamp
        self._flags |= Flag.GAP

    def _end_filling(self) -> None:
        """Count what was made up, because the audio that follows shows that some was lost."""
        self.filled = False
        self._figures.concealed += self._made
        self._made = 0

    def _skip(self, samples: int) -> None:
        self.cursor += samples
        self._skipped += samples
        self._figures.skipped += samples
        self._flags |= Flag.GAP

    def _append(self, pcm: bytes, samples: int, flags: Flag) -> None:
        self._pieces.append(Piece(pcm, samples, flags, self._skipped, self.waited))
        self.cursor += samples
        if self._flags is not Flag.NONE:  # testing a flag would take 0.3 µs
            self._flags = Flag.NONE
            self._skipped = 0
