"""When the sentences of simulated calls are told, as the speech that the calls play has them."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from monitor.sim import voice
from monitor.sim.voice import Turn


def turn_at(seed: int, number: int) -> Turn | None:
    """Return what is told when a call of this seed sends a frame. Its first has number 0.

    SignalWire tells what the agent says as it begins, and what the caller says when it has been
    recognized, which is when it ends.
    """
    return _cues().get((voice.first_frame(seed) + number) % voice.conversation_frames())


@functools.cache
def _cues() -> Mapping[int, Turn]:
    """Return the turns by the frame of the conversation in which each is told."""
    return {
        spoken.start if spoken.turn.speaker == "agent" else spoken.end: spoken.turn
        for spoken in voice.schedule()
    }
