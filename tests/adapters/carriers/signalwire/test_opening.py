"""What a sender says about its audio, in all the ways it has been seen to."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.adapters.carriers.signalwire import opening
from monitor.adapters.carriers.signalwire.opening import Announcement, UnsupportedAudio


@pytest.mark.parametrize(
    ("text", "codec", "content_type"),
    [
        # The platform, as its public receivers saw it.
        ('{"content-type":"audio/mulaw;rate=8000"}', "PCMU", "audio/mulaw;rate=8000"),
        ('{"format":"audio/mulaw;rate=8000"}', "PCMU", "audio/mulaw;rate=8000"),
        ("audio/mulaw;rate=8000", "PCMU", "audio/mulaw;rate=8000"),
        ("content-type:audio/mulaw;rate=8000", "PCMU", "content-type:audio/mulaw;rate=8000"),
        ("content-type:audio/alaw;rate=8000", "PCMA", "content-type:audio/alaw;rate=8000"),
    ],
)
def test_the_openings_that_public_receivers_know(text: str, codec: str, content_type: str) -> None:
    assert opening.parse(text) == (codec, content_type)


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ('{"Content-Type": "AUDIO/MULAW; RATE=8000"}', "PCMU"),
        ('{"content_type": "audio/x-mulaw"}', "PCMU"),
        ('{"content-type": "audio/mu-law"}', "PCMU"),
        ('{"content-type": "audio/x-alaw;rate=8000;channels=1"}', "PCMA"),
        ('{"content-type": "audio/ulaw ; rate = \\"8000\\""}', "PCMU"),
        ('{"content-type": " audio/PCMA;rate=8000 "}', "PCMA"),
        ('{"content-type": "audio/basic"}', "PCMU"),
        ('{"content-type": "audio/G711U"}', "PCMU"),
        ('{"format": "mulaw"}', "PCMU"),
        ('{"format": "PCMA", "rate": 8000}', "PCMA"),
        ('{"format": "alaw", "rate": "8000", "channels": 1}', "PCMA"),
        ('{"format": "mulaw", "rate": 8000.0}', "PCMU"),
        ('{"content-type": "audio/mulaw;rate=8000", "rate": 48000}', "PCMU"),
        ('{"content-type": "", "format": "audio/alaw"}', "PCMA"),
        ('"audio/alaw;rate=8000"', "PCMA"),
        ("Content-Type: audio/PCMU\r\n", "PCMU"),
        ("  audio/pcmu  ", "PCMU"),
    ],
)
def test_spellings_that_mean_the_same(text: str, codec: str) -> None:
    announcement = opening.parse(text)
    assert announcement is not None
    assert announcement.codec == codec


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "null",
        "true",
        "8000",
        "[]",
        '["audio/mulaw"]',
        "{}",
        '{"event": "start"}',
        '{"content-type": null}',
        '{"content-type": 7}',
        '{"content-type": {"audio": "mulaw"}}',
        '{"content-type": ["audio/mulaw"]}',
        "the audio starts now",
        "{not json",
    ],
)
def test_a_text_that_names_no_type_says_nothing(text: str) -> None:
    assert opening.parse(text) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"content-type":"audio/opus"}', "'audio/opus' is not audio/mulaw or audio/alaw"),
        ("audio/l16;rate=16000", "'audio/l16;rate=16000' is not audio/mulaw or audio/alaw"),
        ('{"format":"OPUS"}', "'OPUS' is not audio/mulaw or audio/alaw"),
        ('{"content-type":"audio/mulaw;rate=16000"}', "rate '16000' is not 8000"),
        ('{"content-type":"audio/mulaw","rate":48000}', "rate '48000' is not 8000"),
        ('{"content-type":"audio/mulaw; rate = 8000; channels=2"}', "channels '2' is not 1"),
        ('{"content-type":"audio/mulaw","channels":2}', "channels '2' is not 1"),
        ('{"content-type":"audio/mulaw;rate=fast"}', "rate 'fast' is not 8000"),
    ],
)
def test_audio_that_cannot_be_played_is_refused_with_what_is_allowed(text: str, says: str) -> None:
    with pytest.raises(UnsupportedAudio) as refusal:
        opening.parse(text)
    assert str(refusal.value) == says


@pytest.mark.parametrize(
    "text",
    [
        '{"event":"media","media":{"track":"inbound","chunk":"1","payload":"/38A"}}',
        '{"sequenceNumber":1,"streamId":"x","event":"media","media":{"payload":"AAA="}}',
        '{"event":"media","media":{"payload":"AAA="},"content-type":"audio/mulaw"}',
    ],
)
def test_text_that_is_itself_audio_is_refused_as_another_kind_of_stream(text: str) -> None:
    with pytest.raises(opening.JsonAudio, match=r"^JSON media messages: this is a `stream`, not"):
        opening.parse(text)


@pytest.mark.parametrize("text", ['{"media":"audio"}', '{"media":{"payload":7}}', '["media"]'])
def test_text_that_only_mentions_media_is_no_audio(text: str) -> None:
    assert opening.parse(text) is None


def test_a_refusal_repeats_80_characters_of_a_sender_at_most() -> None:
    with pytest.raises(UnsupportedAudio) as refusal:
        opening.parse("audio/" + "x" * 1_000_000)
    assert len(str(refusal.value)) < 200


def test_an_announcement_keeps_200_characters_of_a_sender_at_most() -> None:
    announcement = opening.parse("audio/mulaw;" + "x" * 1_000_000)
    assert announcement is not None
    assert len(announcement.content_type) == 200


@pytest.mark.parametrize("escape", ["\\ud800", "\\u0000", "\\u001b", "\\u202e"])
def test_what_an_announcement_keeps_can_be_stored_and_shown(escape: str) -> None:
    """A lone surrogate is no UTF-8, PostgreSQL takes no NUL, a terminal obeys an escape."""
    announcement = opening.parse(f'{{"content-type": "audio/mulaw;{escape}rate=8000"}}')
    assert announcement == ("PCMU", "audio/mulaw;rate=8000")


def parsed(text: str) -> None:
    """Parse, and be content with an answer or a refusal."""
    try:
        answer = opening.parse(text)
    except UnsupportedAudio as refusal:
        str(refusal).encode()
        return
    if answer is not None:
        assert isinstance(answer, Announcement)
        answer.content_type.encode()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
KEYS = st.sampled_from(["content-type", "Content_Type", "format", "rate", "channels"])
PIECES = st.sampled_from(
    ["audio/", "mulaw", "alaw", "x-", "opus", ";", "rate", "=", "8000", '"', "{", " ", "\\ud800"]
)


@given(
    st.text()
    | st.lists(PIECES, max_size=12).map("".join)
    | st.dictionaries(KEYS, VALUES | st.lists(PIECES).map("".join)).map(json.dumps)
)
@example('{"content-type": "audio/mulaw", "rate": [[]]}')
@example('{"content-type": "audio/\\ud800"}')
@example("1" * 5000)  # more digits than int() takes
def test_any_text_is_an_announcement_or_nothing_or_refused(text: str) -> None:
    parsed(text)


@pytest.mark.parametrize(
    "text",
    [
        "audio/" * 170_000,
        "rate=" * 200_000,
        "audio/mulaw;" + "rate " * 200_000,
        "audio/mulaw;rate" + " " * 1_000_000,
        "[" * 1_000_000,
        '{"rate":' * 100_000,
        '{"content-type":"audio/mulaw","x":"' + "y" * 1_000_000 + '"}',
        '"' + "\\u0000" * 170_000 + '"',
        "1" * 1_000_000,
        "-" * 1_000_000,
    ],
    ids=lambda text: text[:12],
)
def test_a_text_of_1_mb_is_answered_at_once(text: str) -> None:
    """What is counted is the processor's time, because a busy machine makes any text wait.

    Reading each text once takes up to 0.1 s, and going back over it for each character hours.
    """
    began = time.thread_time()
    parsed(text)
    assert time.thread_time() - began < 2


def test_nested_values_of_any_depth_are_survived() -> None:
    """Somewhere between shallow and too deep for the JSON reader lies too deep for repr()."""
    for depth in range(1, 1200):
        parsed('{"content-type": "audio/mulaw", "rate": ' + "[" * depth + "]" * depth + "}")
