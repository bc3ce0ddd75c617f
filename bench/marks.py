"""What a tap says: 20 ms units that can be told apart after decoding.

The mark that each begins with: bytes of mu-law 0 to 63 are all different samples
when decoded, so a frame number and a tap number written in base 64 can be read
back from the s16le that a listener is sent.
"""

from __future__ import annotations

from monitor.audio import g711

from .plan import FRAME

DIGITS = 6  # four of the frame, two of the tap
PCM_MARK = 2 * DIGITS  # bytes
KEPT = 1024  # frames of a tap that are remembered, 20 s; a power of two
LAST = KEPT - 1
# Any sound will do, but not silence: speech-like bytes that use the whole range.
_AFTER = bytes((37 * n * n + 11 * n) % 251 for n in range(FRAME - DIGITS))
_PCM_DIGITS = g711.decode("PCMU", bytes(range(64)))
_DIGITS = {_PCM_DIGITS[2 * n : 2 * n + 2]: n for n in range(64)}


class Voice:
    """The frames of one tap, and when each of the last was sent. A hot path: all is public."""

    __slots__ = ("marks", "number", "sent", "sent_at")

    def __init__(self, number: int) -> None:
        self.number = bytes((number & 63, number >> 6))
        self.sent = 0  # frames
        self.marks = [b""] * KEPT  # s16le, by the frame's number & LAST
        self.sent_at = [0.0] * KEPT  # monotonic seconds, likewise

    def say(self, now: float) -> bytes:
        """The next 20 ms, as mu-law."""
        frame = self.sent
        digits = (frame & 63, frame >> 6 & 63, frame >> 12 & 63, frame >> 18)
        mark = bytes(digits) + self.number
        self.marks[frame & LAST] = g711.decode("PCMU", mark)
        self.sent_at[frame & LAST] = now
        self.sent = frame + 1
        return mark + _AFTER

    def frame_of(self, pcm: bytes) -> int:
        """Which of its frames begins with these samples; -1 if it cannot be told."""
        pairs = (pcm[2 * n : 2 * n + 2] for n in range(DIGITS))
        digits = [_DIGITS.get(pair, -1) for pair in pairs]
        if -1 in digits or bytes(digits[4:]) != self.number:
            return -1
        frame = sum(digit << 6 * n for n, digit in enumerate(digits[:4]))
        return frame if frame < self.sent else -1
