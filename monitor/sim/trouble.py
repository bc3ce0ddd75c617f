"""Trouble: what is wrong with simulated calls, so that each needs attention for a reason.

Help is asked for by the call's agent, and tools or a language model that fail are told of by the
Teller. The other troubles spoil the audio.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator

from monitor.audio import g711
from monitor.audio.condition import Kind
from monitor.sim.voice import FRAME_SECONDS

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

#: What a simulated call can be made to suffer from.
TROUBLES = (Kind.DEAD_AIR, Kind.CLIPPING, Kind.ONE_WAY, Kind.HELP, Kind.TOOL_FAILS, Kind.LLM_ERROR)
TALK = 3.0  # seconds before a call falls silent
TOO_LOUD = 8.0  # times, which is 18 dB: 7 % of the simulator's speech is clipped then


def spoiled(
    frames: Iterator[bytes], trouble: Kind | None, direction: str, codec: g711.Codec
) -> Iterator[bytes]:
    """Return the frames of a leg as they are in trouble.

    One-way audio is that of the caller, who sends digital silence; the agent is heard.
    """
    silence = itertools.repeat(g711.SILENCE[codec])
    if trouble is Kind.ONE_WAY and direction != "listen":
        return silence
    if trouble is Kind.DEAD_AIR:
        return itertools.chain(itertools.islice(frames, int(TALK / FRAME_SECONDS)), silence)
    if trouble is Kind.CLIPPING:
        return (_louder(codec, frame) for frame in frames)
    return frames


def _louder(codec: g711.Codec, frame: bytes) -> bytes:
    pcm = audioop.mul(g711.decode(codec, frame), g711.SAMPLE_WIDTH, TOO_LOUD)
    return g711.encode(codec, pcm)
