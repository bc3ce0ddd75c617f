"""Voice: tells when somebody speaks on a leg, how loud it is there, and how much of it clips.

Loudness alone does not tell speech from a noisy line, so WebRTC's voice activity detector decides.
It costs over 3 µs for 20 ms of audio, which is a fifth of what receiving them costs. Therefore
only the first 20 ms of each 60 ms are measured, and stand for all of them: a third of the cost,
and nine tenths of the speech that would be found otherwise. What cannot be heard is not given to
the detector at all. A process with many legs has forgotten the detector's code and a leg's state
from one Frame to the next, and a unit of speech that is measured alone then costs 11 µs instead of
3.5. Therefore BATCH units are measured together, which saves a quarter of that.

The detector runs in its most aggressive mode. It takes 1 % of noise at -30 dBFS for speech, where
the next mode takes 92 %. Loud tones are speech to every mode, so what stays equally loud is not
taken for speech.

The detector tells that somebody speaks, but not well from when to when. On a line with noise it
adds up to 300 ms to what is said, which makes talk times 8 to 11 % too long; before a digital
silence it adds nothing, and they are 9 % too short; of speech at -42 dBFS with noise at -55 dBFS
it finds less than half. Therefore a sound also tells which of its units stand out from the
background of the line, and ``audio.talk`` makes talk times of both.
"""

from __future__ import annotations

import math
import warnings
from collections import deque
from typing import NamedTuple

import webrtcvad

from monitor.audio.g711 import SAMPLE_RATE, SAMPLE_WIDTH
from monitor.audio.level import FLOOR, dbfs

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

AGGRESSIVENESS = 3  # of 0 to 3
UNIT = SAMPLE_RATE * 20 // 1000  # samples that are measured
STRIDE = 3 * UNIT  # samples for which a unit stands; a Frame has as many by default
UNIT_BYTES = UNIT * SAMPLE_WIDTH
STRIDE_BYTES = STRIDE * SAMPLE_WIDTH
BATCH = 6  # units that are measured together, about three times a second
#: Voiced units in a row that make speech. A click makes four: one, and three that the detector
#: adds to each.
ONSET = 5
INAUDIBLE = 10  # RMS below which nothing can be heard: -70 dBFS. A-law's silence has 8
STEADY = 1.41  # a unit is as loud as the loudest if that is not this many times louder: 3 dB
#: A unit stands out if it is so many times louder than the background: 4 dB. The background is the
#: quietest unit of the last BACKGROUND sounds. Units of steady noise stay within 4 dB.
STANDS_OUT = 1.585
BACKGROUND = 10
LOUDEST = 31609  # the least magnitude that mu-law may encode as one of its two loudest codes
LOUDEST_CODES = b"\x00", b"\x80"  # the negative one, the positive one
#: The RMS of a unit that has a single sample as loud as that, and no other sound.
CLIPPING_RMS = int(LOUDEST / math.sqrt(UNIT))


class Sound(NamedTuple):
    """What was heard on a leg during some time. Levels are in dBFS.

    In ``loud`` and ``speech`` bit n is about the nth unit: whether it stands out from the
    background, and whether the detector takes it for speech.
    """

    samples: int = 0  # none, where no audio came
    voiced: int = 0  # samples in which somebody spoke
    clipped: int = 0  # samples that are as loud as the codec allows
    rms: float = FLOOR
    quietest: float = FLOOR  # RMS of the quietest unit
    loudest: float = FLOOR  # and of the loudest
    gap: bool = False  # whether some of the audio is missing
    loud: int = 0
    speech: int = 0
    until: int = 0  # Unix time in samples at which the last unit ended; 0 if that is not known


class VoiceMeter:
    """Measures the audio of one leg, which it is fed in pieces of any length.

    What it measures is to be taken about once a second. Nothing is done per sample in Python, and
    the least is done for a piece of STRIDE samples.
    """

    def __init__(self) -> None:
        self._is_speech = webrtcvad.Vad(AGGRESSIVENESS).is_speech
        self._rest = b""  # of the last piece: too short for a stride
        self._run = 0  # voiced units in a row
        self._waiting: list[bytes] = []  # units that are still to be measured
        self._backgrounds: deque[int] = deque(maxlen=BACKGROUND)  # RMS, of the last sounds
        self._begin()

    def _begin(self) -> None:
        self._levels: list[int] = []  # RMS of each unit
        self._voices: list[int] = []  # RMS of each voiced unit
        self._spoken = 0  # units in which somebody spoke
        self._speech = 0  # bit n: whether the nth unit is voiced
        self._clipped = 0  # samples, of the units only
        self._gap = False

    def feed(self, pcm: bytes) -> None:
        """Measure a piece of s16le audio."""
        if len(pcm) == STRIDE_BYTES and not self._rest:
            self._waiting.append(pcm[:UNIT_BYTES])
        else:
            audio = self._rest + pcm
            end = len(audio) - len(audio) % STRIDE_BYTES
            self._rest = audio[end:]
            self._waiting += [audio[at : at + UNIT_BYTES] for at in range(0, end, STRIDE_BYTES)]
        if len(self._waiting) >= BATCH:
            self._measure_waiting()

    @property
    def rest(self) -> int:
        """The samples at the end of the last piece that belong to no unit yet."""
        return len(self._rest) // SAMPLE_WIDTH

    def gap(self) -> None:
        """Note that audio is missing before the next piece."""
        self._measure_waiting()
        self._rest = b""
        self._run = 0
        self._gap = True

    def take(self) -> Sound:
        """Return what was heard since the last call."""
        self._measure_waiting()
        levels = self._levels
        if not levels:
            return Sound(gap=self._gap)
        self._backgrounds.append(min(levels))
        outstanding = max(INAUDIBLE, STANDS_OUT * min(self._backgrounds))
        is_tone = self._is_tone()
        sound = Sound(
            len(levels) * STRIDE,
            0 if is_tone else min(self._spoken, len(levels)) * STRIDE,
            self._clipped * (STRIDE // UNIT),
            _decibels(math.sqrt(sum(one * one for one in levels) / len(levels))),
            _decibels(min(levels)),
            _decibels(max(levels)),
            self._gap,
            sum(1 << unit for unit, rms in enumerate(levels) if rms >= outstanding),
            0 if is_tone else self._speech,
        )
        self._begin()
        return sound

    def _is_tone(self) -> bool:
        """Tell whether over three fifths of what was taken for speech is equally loud.

        In speech it is a third, and half of speech that is badly clipped. Of a busy tone it is
        two thirds, because the detector adds some units after each beep.
        """
        voices = self._voices
        loudest = max(voices, default=0)
        return 5 * sum(STEADY * one > loudest for one in voices) > 3 * len(voices)

    def _measure_waiting(self) -> None:
        for unit in self._waiting:
            self._measure(unit)
        self._waiting.clear()

    def _measure(self, unit: bytes) -> None:
        rms = audioop.rms(unit, SAMPLE_WIDTH)
        self._levels.append(rms)
        if rms >= CLIPPING_RMS and audioop.max(unit, SAMPLE_WIDTH) >= LOUDEST:
            self._clipped += clipped(unit)
        if rms < INAUDIBLE or not self._is_speech(unit, SAMPLE_RATE, UNIT):
            self._run = 0
            return
        self._voices.append(rms)
        self._speech |= 1 << (len(self._levels) - 1)
        self._run += 1
        if self._run >= ONSET:
            self._spoken += ONSET if self._run == ONSET else 1


def _decibels(rms: float) -> float:
    return round(dbfs(rms), 1)


def clipped(pcm: bytes) -> int:
    """Count the samples that mu-law would encode as one of its two loudest codes."""
    codes = audioop.lin2ulaw(pcm, SAMPLE_WIDTH)
    return sum(map(codes.count, LOUDEST_CODES))
