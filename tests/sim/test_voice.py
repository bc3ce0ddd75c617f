"""What simulated calls say: the speech files, the legs made of them, the tone."""

from __future__ import annotations

import array
import itertools
import wave
from pathlib import Path

import pytest

from monitor.audio import g711, level
from monitor.sim import voice

FILES = sorted(voice.SPEECH.glob("*.wav"))


def samples(pcm: bytes) -> array.array[int]:
    return array.array("h", pcm)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_speech_file_is_a_telephones(path: Path) -> None:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        assert 0.5 < file.getnframes() / 8000 < 6.0
        assert -6.0 < level.measure(file.readframes(file.getnframes())).peak < -1.0


def test_all_speech_together_is_small() -> None:
    assert sum(path.stat().st_size for path in FILES) < 1_000_000


def test_every_line_of_the_dialogues_has_its_file() -> None:
    lines = (voice.SPEECH / "dialogues.txt").read_text().splitlines()
    written = [line.split()[:2] for line in lines if not line.startswith("#")]
    spoken = [[turn.dialogue, turn.speaker] for turn in voice.read_turns()]
    assert sorted(spoken) == sorted(written)


def test_another_wav_is_refused(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "wide.wav"), "wb") as file:
        file.setframerate(16000)
        file.setnchannels(1)
        file.setsampwidth(2)
        file.writeframes(bytes(320))
    with pytest.raises(ValueError, match=r"wide\.wav is not 8000 Hz, mono, 16 bit"):
        voice.read_wav(tmp_path / "wide.wav")


def test_legs_have_one_length_of_whole_frames() -> None:
    lengths = {len(voice.conversation(one)) for one in ("both", "speak", "listen")}
    assert len(lengths) == 1
    assert lengths.pop() % (2 * voice.FRAME) == 0


def test_both_is_the_mix_of_speak_and_listen() -> None:
    speak, listen = (samples(voice.conversation(one)) for one in ("speak", "listen"))
    both = samples(voice.conversation("both"))
    assert list(both) == [one + other for one, other in zip(speak, listen, strict=True)]


def test_nobody_talks_while_the_other_does() -> None:
    speak, listen = (samples(voice.conversation(one)) for one in ("speak", "listen"))
    assert not any(one and other for one, other in zip(speak, listen, strict=True))


def test_each_leg_is_silent_for_the_length_of_a_turn() -> None:
    turn = voice.read_turns()[0]
    assert turn.speaker == "agent"
    length = len(turn.pcm)
    assert voice.conversation("listen")[:length] == turn.pcm
    assert voice.conversation("speak")[:length] == bytes(length)


def test_a_mix_is_clipped() -> None:
    loud = array.array("h", [32767, -32768, 1]).tobytes()
    assert list(samples(voice.mix(loud, loud))) == [32767, -32768, 2]


def test_an_unknown_leg_is_refused() -> None:
    with pytest.raises(ValueError, match="'hear' is not one of both, speak, listen"):
        voice.conversation("hear")


@pytest.mark.parametrize("codec", g711.CODECS)
def test_frames_are_20_ms_of_g711_without_end(codec: g711.Codec) -> None:
    count = len(voice.conversation("both")) // 2 // voice.FRAME
    heard = list(itertools.islice(voice.frames("both", codec, 1), count + 1))
    assert {len(frame) for frame in heard} == {160}
    assert heard[0] == heard[count]
    whole = b"".join(heard[:count])
    assert whole in g711.encode(codec, voice.conversation("both")) * 2


def test_a_seed_repeats_itself_and_seeds_differ() -> None:
    def first(seed: int, direction: str = "both") -> list[bytes]:
        return list(itertools.islice(voice.frames(direction, "PCMU", seed), 200))

    assert first(1) == first(1)
    assert len({tuple(first(seed)) for seed in range(20)}) == 20


def test_a_tone_is_a_sine_that_can_be_repeated() -> None:
    second = samples(voice.tone(440))
    assert len(second) == 8000
    rising = [n for n in range(8000) if second[n - 1] < 0 <= second[n]]
    assert len(rising) == 440
    assert level.measure(voice.tone(440)).peak == pytest.approx(-6.0, abs=0.1)


@pytest.mark.parametrize("hz", [0, -440, 4000])
def test_a_tone_that_8000_hz_cannot_carry_is_refused(hz: int) -> None:
    with pytest.raises(ValueError, match=f"tone of {hz} Hz is not between 1 and 3999 Hz"):
        voice.tone(hz)
