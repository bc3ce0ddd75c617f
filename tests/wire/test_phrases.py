"""Phrases are found however they are written and said, as whole words, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.wire.human_phrases import ASKS_FOR_A_HUMAN
from monitor.wire.phrases import Phrases, parse_phrases, words_of

FOUND = [
    ("lawyer", "I'll call my Lawyer!"),
    ("cancel my contract", "Then cancel, my … contract."),
    ("don't", "I dont care"),
    ("dont", "I don’t care"),
    ("cancelación", "Quiero la cancelacion."),
    ("cancelacion", "¡Quiero la CANCELACIÓN!"),
    ("cancelación", "Quiero la cancelacio\u0301n."),
    ("no one", "No one helps me."),
    ("room 441", "It is room 4 4 1."),
    ("room 441", "It is room four four one."),
    ("4 4 1", "It is 441"),
    ("four four one", "It is 4-4-1."),
    ("forty-one", "It is 41."),
    ("cuatro cuatro uno", "Es el 441."),
    ("veintidos", "Es el 22."),
    ("double four one", "oh 441, I mean"),
    ("four oh four", "error 404"),
    ("404", "error four oh four"),
    ("404", "４０４"),
    ("nine one one", "Call 911!"),
    ("4x4", "my 4x4 broke"),
]
NOT_FOUND = [
    ("art", "the party"),
    ("441", "4415"),
    ("441", "4 4 1 5"),
    ("cancel my contract", "cancel the contract"),
    ("cancel my contract", "cancel my"),
    ("oh dear", "0 dear"),
    ("so", "S.O.S."),
]


@pytest.mark.parametrize(("phrase", "text"), FOUND)
def test_a_phrase_is_found(phrase: str, text: str) -> None:
    assert Phrases([phrase]).are_in(text)


@pytest.mark.parametrize(("phrase", "text"), NOT_FOUND)
def test_what_only_looks_like_a_phrase_is_not(phrase: str, text: str) -> None:
    assert not Phrases([phrase]).are_in(text)


def test_of_several_phrases_any_is_found() -> None:
    phrases = Phrases(["cancel", "my lawyer", "refund"])
    assert phrases.are_in("I want a refund")
    assert phrases.are_in("ask my lawyer")
    assert not phrases.are_in("ask the lawyer")


def test_nothing_is_found_without_phrases() -> None:
    assert not Phrases([]).are_in("anything")
    assert not Phrases(["?!"]).are_in("anything?!")


@pytest.mark.parametrize(
    "said",
    [
        "Can I talk to a human?",
        "I want to speak with a real person, please.",
        "REPRESENTATIVE!",
        "Quiero hablar con una persona.",
        "Páseme con un agente",
        "pasame con un agente",
    ],
)
def test_a_caller_who_wants_a_person_is_understood(said: str) -> None:
    assert Phrases(ASKS_FOR_A_HUMAN).are_in(said)


@pytest.mark.parametrize(
    "said",
    ["I am a person.", "My agent lives in the city.", "Hola, buenos días.", "Can you help me?"],
)
def test_a_caller_who_wants_none_is_left_alone(said: str) -> None:
    assert not Phrases(ASKS_FOR_A_HUMAN).are_in(said)


def test_a_list_is_parsed() -> None:
    assert parse_phrases(" lawyer; room 441\n\n cancel;") == ("lawyer", "room 441", "cancel")
    assert parse_phrases("") == ()


def test_a_phrase_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="letters or digits"):
        parse_phrases("lawyer; ?!")


@given(
    st.lists(
        st.sampled_from(["441", "four", "one", "oh", "café", "don't", "ñandú", "…"]), max_size=8
    )
)
def test_a_text_of_its_own_words_has_the_same_words(texts: list[str]) -> None:
    words = words_of(" ".join(texts))
    assert words_of(" ".join(words)) == words


@given(st.text())
def test_every_text_has_itself_as_a_phrase(text: str) -> None:
    assert Phrases([text]).are_in(text) == bool(words_of(text))
