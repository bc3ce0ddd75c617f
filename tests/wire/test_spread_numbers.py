"""Card numbers are found when they are said in several turns; other numbers stay apart."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.wire.card_numbers import chains, without_card_numbers
from monitor.wire.spread_numbers import (
    PAUSE,
    Turn,
    find,
    find_completed,
    without_echoes,
    without_pieces,
)
from tests.wire.test_card_numbers import HARMLESS, SAID, WORDS, luhn

CARD = "4111111111111111"


def said(*texts: str, every: float = 5.0) -> list[str]:
    """Return what is left of the turns of somebody who says something every few seconds."""
    turns = [Turn(text, index * every) for index, text in enumerate(texts)]
    pieces = [piece for found in find(turns) for piece in found.pieces]
    return [
        without_pieces(turn.text, [piece for piece in pieces if piece.turn == index])
        for index, turn in enumerate(turns)
    ]


def split(text: str, turns: int) -> list[str]:
    """Return a text in pieces that begin with a part of its number."""
    (parts,) = chains(text)
    turns = min(turns, len(parts))
    starts = [parts[len(parts) * n // turns].start for n in range(turns)]
    ends = [*starts[1:], len(text)]
    starts[0] = 0
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


SPREAD = [
    ("My card number is 4111 1111", "1111 1111."),
    ("4111", "1111", "1111", "1111"),
    ("four one one one", "one one one one", "one one one one", "one one one one"),
    ("It's four one one one.", "Then one one one one.", "Yes, 1111.", "And 1111. That's it."),
    ("Forty-one eleven,", "eleven eleven,", "eleven eleven,", "eleven eleven."),
    ("4111 11", "11 1111 11", "11"),
    ("Okay, the first four are 4111.", "The next ones 1111.", "1111 again.", "And 1111."),
    ("4111 1111", "Yes, that's right.", "1111 1111"),
    ("4111 1111", "Just one second.", "Let me see.", "1111 1111"),
    ("4111 1111 1111", "1111, expires twelve twenty-six"),
    ("4111 1111 1111", "1111 12 26"),
    (
        "4111 1111 1111",
        "1111. Did you get that, or shall I repeat all of it again for you, please?",
    ),
    ("cuatro uno uno uno", "uno uno uno uno", "sí, uno uno uno uno", "y uno uno uno uno"),
    ("The number is three seven eight two", "822463", "10005"),
    ("fifty-five fifty-five", "double five double five", "5555", "4444"),
    tuple("four" if n == 0 else "one" for n in range(16)),
    ("four triple oh", "quadruple zero, quadruple zero", "uh, 0000", "oh oh six"),
]


@pytest.mark.parametrize("texts", SPREAD, ids=" / ".join)
def test_a_number_in_several_turns_is_found_as_a_whole(texts: tuple[str, ...]) -> None:
    left = " ".join(said(*texts)).replace("first four", "first").replace("one second", "")
    left = left.replace("twelve twenty-six", "").replace("12 26", "")
    assert not [part for chain in chains(left) for part in chain]


@pytest.mark.parametrize("turns", [2, 3, 4])
@pytest.mark.parametrize("text", [one for one in SAID if len(next(chains(one))) > 1])
def test_every_way_to_say_a_number_is_found_in_pieces(text: str, turns: int) -> None:
    texts = split(f"It is {text}", turns)
    left = said(*texts)
    assert all("•" in one for one in left)
    assert not list(chains(" ".join(left)))


@pytest.mark.parametrize("shift", range(len(HARMLESS)))
def test_sentences_with_harmless_numbers_stay_one_after_the_other(shift: int) -> None:
    texts = HARMLESS[shift:] + HARMLESS[:shift]
    assert said(*texts) == texts


def test_few_orders_of_these_sentences_seem_to_have_a_number() -> None:
    chance = random.Random(1)
    orders = [chance.sample(HARMLESS, len(HARMLESS)) for _ in range(300)]
    assert sum(said(*texts) != texts for texts in orders) <= 6  # 2 %: every sentence has numbers


def test_after_a_long_pause_a_number_does_not_go_on() -> None:
    texts = ["4111 1111", "1111 1111"]
    assert said(*texts, every=PAUSE) != texts
    assert said(*texts, every=PAUSE + 1) == texts


def test_among_many_words_there_is_no_piece_of_a_number() -> None:
    texts = ["4111 1111", "In the house by the lake there were 1111 1111"]
    assert said(*texts) == texts


@given(
    digits=st.text("0123456789", min_size=14, max_size=14),
    cuts=st.sets(st.integers(1, 15), min_size=1, max_size=15),
    spoken=st.booleans(),
)
def test_wherever_the_turns_of_a_number_end_all_of_it_is_found(
    digits: str, cuts: set[int], spoken: bool
) -> None:
    number = luhn(f"4{digits}")
    places = [0, *sorted(cuts), 16]
    pieces = [number[start:end] for start, end in itertools.pairwise(places)]
    if spoken:
        pieces = [" ".join(WORDS[int(digit)] for digit in piece) for piece in pieces]
    assert said(*pieces) == ["••••"] * len(pieces)


#: Pieces of CARD and of other numbers, and what may be said between them.
TALK = (
    "4111",
    "41",
    "1111",
    "11 1111",
    "one",
    "five 5555",
    "My number is 4111 1111",
    "Hello.",
    "Let me see, one moment.",
    "I really do not quite know any one of those that you are asking about",
    "There were 1111 of us in that house, at least",
    "I shall tell you all of it at once, it is 4111",
    "1111, and that was everything that is printed on this card",
)


@given(
    said=st.lists(st.tuples(st.sampled_from(TALK), st.integers(0, 40)), min_size=2, max_size=14),
    data=st.data(),
)
def test_what_new_turns_complete_is_found_without_all_the_others(
    said: list[tuple[str, int]], data: st.DataObject
) -> None:
    after = itertools.accumulate(seconds for _, seconds in said)
    turns = [Turn(text, at) for (text, _), at in zip(said, after, strict=True)]
    new = data.draw(st.sets(st.integers(0, len(turns) - 1), min_size=1, max_size=3))
    completed = set(find_completed(turns, new))
    everything = set(find(turns))
    assert completed <= everything
    assert completed >= {
        found for found in everything if any(piece.turn in new for piece in found.pieces)
    }


@pytest.mark.parametrize("new", [0, 3])
def test_between_a_new_turn_and_another_piece_two_turns_may_be_passed(new: int) -> None:
    aside = "Would you please wait for just one more second before you go on?"
    turns = [Turn(text, 0) for text in ("4111 1111", aside, aside, "1111 1111")]
    assert list(find_completed(turns, [new])) == list(find(turns)) != []


def test_far_from_a_new_turn_nothing_is_read() -> None:
    far = [Turn("4111 1111", 0), Turn("1111 1111", 2)]
    turns = [*far, Turn("one", 2 + PAUSE + 1)]
    assert list(find_completed(turns, [2])) == []
    assert list(find_completed(turns, [0])) == list(find(turns)) != []


@given(texts=st.lists(st.text(), max_size=6))
def test_any_turns_are_taken(texts: list[str]) -> None:
    said(*texts)


def test_a_long_talk_in_digits_is_read_in_a_moment() -> None:
    said(*["one", "two three", "one 1"] * 40)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("So that is 4111, and then one one one one?", "So that is ••••?"),
        ("One moment, please.", "One moment, please."),
        ("Your order 4719 of 2026.", "Your order 4719 of 2026."),
        ('{"digits": "41111111", "n": 2}', '{"digits": "••••", "n": 2}'),
    ],
)
def test_what_repeats_a_piece_of_a_number_goes_too(text: str, left: str) -> None:
    assert without_echoes(text, [CARD], 3) == left


def test_whole_numbers_are_no_matter_of_turns() -> None:
    texts = ["4111 1111 1111 1111", "Yes."]
    assert said(*texts) == texts
    assert without_card_numbers(texts[0]) == "••••"
