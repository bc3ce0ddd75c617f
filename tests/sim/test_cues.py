"""When the sentences of a simulated call are told."""

from __future__ import annotations

from monitor.sim import voice
from monitor.sim.cues import turn_at


def test_each_turn_of_the_conversation_is_told_once() -> None:
    told = [turn for n in range(voice.conversation_frames()) if (turn := turn_at(0, n))]
    assert sorted(turn.text for turn in told) == sorted(one.turn.text for one in voice.schedule())


def test_the_caller_is_told_when_a_sentence_ends_and_the_agent_when_one_begins() -> None:
    first = voice.first_frame(0)
    for spoken in voice.schedule():
        moment = spoken.start if spoken.turn.speaker == "agent" else spoken.end
        assert turn_at(0, moment - first) == spoken.turn
