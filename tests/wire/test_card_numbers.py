"""Card numbers are taken out of texts, however they are said; other numbers stay."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.wire.card_numbers import (
    chains,
    is_card_number,
    without_card_numbers,
    without_card_numbers_in,
)
from monitor.wire.number_words import TEENS, TENS, UNITS

# Numbers that payment services publish for tests. None belongs to anybody.
SAID = [
    "4111111111111111",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "4111.1111.1111.1111",
    "4111, 1111, 1111, 1111",
    "4111/1111/1111/1111",
    "4111_1111_1111_1111",
    "4111 - 1111 - 1111 - 1111",
    "4111\n1111\n1111\n1111",
    "4111\u00a01111\u00a01111\u00a01111",
    "4111 … 1111 … 1111 … 1111",
    "(4111) (1111) (1111) (1111)",
    '"4111" "1111" "1111" "1111"',
    "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
    "4-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1",
    "41 11 11 11 11 11 11 11",
    "411111 1111111111",
    "４１１１ １１１１ １１１１ １１１１",
    "٤١١١ ١١١١ ١١١١ ١١١١",
    "4222222222222",
    "4000 0000 0000 0000 006",
    "5555 5555 5555 4444",
    "2223003122003222",
    "3782 822463 10005",
    "3056 930902 5904",
    "3530111333300000",
    "6011 1111 1111 1117",
    "6200 0000 0000 0005",
    "four one one one one one one one one one one one one one one one",
    "Four, one, one, one. One, one, one, one. One, one, one, one. One, one, one, one.",
    "FOUR ONE ONE ONE ONE ONE ONE ONE ONE ONE ONE ONE ONE ONE ONE ONE",
    "four-one-one-one-one-one-one-one-one-one-one-one-one-one-one-one",
    "four one one one dash one one one one dash one one one one dash one one one one",
    "four one one one, uh, one one one one, um, one one one one and then one one one one",
    "four one one one okay one one one one yes one one one one right one one one one",
    "four triple one, one triple one, one triple one, one triple one",
    "four one double one double one double one double one double one double one double one",
    "four treble one quadruple one quadruple one quadruple one",
    "forty-one eleven eleven eleven eleven eleven eleven eleven",
    "forty one eleven, eleven eleven, eleven eleven, eleven eleven",
    "4111 one one one one 1111 eleven eleven",
    "four double 1 1 1111 1111 1111",
    "four oh oh oh, oh oh oh oh, oh oh oh oh, oh oh oh oh, oh oh six",
    "four o o o, zero zero zero zero, nought nought nought nought, 0000, 0 0 6",
    "fifty-five fifty-five, fifty-five fifty-five, fifty-five fifty-five, forty-four forty-four",
    "thirty-seven eighty-two, eighty-two twenty-four sixty-three, ten zero zero five",
    "six oh double one, eleven eleven, double one double one, triple one seven",
    "cuatro uno uno uno, uno uno uno uno, uno uno uno uno, uno uno uno uno",
    "cuatro uno doble uno, once once, once once, once once",
    "treinta y siete ochenta y dos, 822463, 10005",
    "cincuenta y cinco cincuenta y cinco 5555 5555 4444",
    "cuatro veintidós veintidos, veintidós veintidos, veintidós veintidos",
]

HARMLESS = [
    "Please call me back at 555-0100 or 555-0101.",
    "My number is +1 (202) 555-0123.",
    "Llámame al +34 600 123 456, por favor.",
    "You can reach us in Berlin: +49 30 1234567 89012.",
    "My order is 4719, and the card at my door said four seven one nine.",
    "It costs 1,299.95, or 4 times 329.99.",
    "The meeting is on 2026-11-28 at 10:30:00, room 411.",
    "We are open from eight until one, and on Monday from eight to six.",
    "One of the two said that three or four would come.",
    "My account ends in 1111, I was told.",
    "The parcel is 1Z999AA10123456784.",
    "Flight UA 4111 leaves at 11:11 from gate 11.",
    "The ticket is 550e8400-e29b-41d4-a716-446655440000.",
    "It was recorded at 1767000000000000, in microseconds.",
    "Count with me: one two three four five six seven eight nine ten.",
    "4111 1111 1111 1112 is no number of a card.",
    "The serial number is 9781861972712.",
    "I was born on the fourth of May nineteen eighty-one.",
    "Take forty-one of these, eleven of those and twelve of the others.",
    "Cuatro personas llegan el once, y dos más el quince de julio.",
]


@pytest.mark.parametrize("number", SAID)
def test_a_card_number_is_taken_out(number: str) -> None:
    kept = without_card_numbers(f"My card is {number}; thank you.")
    assert re.fullmatch(r"My card is \W?••••\W?; thank you\.", kept)


@pytest.mark.parametrize("word", [*UNITS, *TEENS, *TENS, "7", "٧", "double two", "treble 4"])
def test_a_number_in_one_word_is_read(word: str) -> None:
    assert list(chains(f"So {word.title()}, then."))


def test_fifty_ways_are_tried() -> None:
    assert len(set(SAID)) >= 50
    assert len(set(HARMLESS)) == 20


@pytest.mark.parametrize("text", HARMLESS)
def test_other_numbers_stay(text: str) -> None:
    assert without_card_numbers(text) == text


def test_two_cards_in_one_text_both_go() -> None:
    said = "First 4111 1111 1111 1111, and the other is 3782 822463 10005."
    assert without_card_numbers(said) == "First ••••, and the other is ••••."


def test_numbers_around_a_card_do_not_hide_it() -> None:
    said = "5 4111 1111 1111 1111 12 26 123"
    assert "1111" not in without_card_numbers(said)


def test_every_text_key_and_number_of_a_value_is_looked_at() -> None:
    card = "4111 1111 1111 1111"
    value = {"a": [card, {card: 1}], "b": 4111111111111111, "c": 4111111111111111.0, "d": card}
    assert without_card_numbers_in(value) == {
        "a": ["••••", {"••••": 1}],
        "b": "••••",
        "c": "••••",
        "d": "••••",
    }


@pytest.mark.parametrize("gap", ["\u00a0", "\n", " … "])
def test_what_a_text_has_escaped_is_looked_at(gap: str) -> None:
    arguments = json.dumps({"n": gap.join(["4111", "1111", "1111", "1111"]), "m": 1})
    written = json.dumps([{"arguments": arguments}])
    (value,) = json.loads(without_card_numbers_in({"log": written})["log"])
    assert json.loads(value["arguments"]) == {"n": "••••", "m": 1}


@pytest.mark.parametrize(
    "text", ['{"n": "\\u00e4"}', "[\\", '{"n": [1], "a\\n": 2}', "[" * 10**5 + "\\"]
)
def test_json_without_a_card_stays_as_it_was_written(text: str) -> None:
    assert without_card_numbers_in(text) == text


@pytest.mark.parametrize("depth", [400, 500, 600, 900, 990])
def test_a_text_that_is_nested_too_deep_stays_as_it_was_written(depth: int) -> None:
    text = "[" * depth + '"\\u0041"' + "]" * depth
    assert without_card_numbers_in(text) == text


def test_a_number_of_19_digits_is_read_exactly() -> None:
    """A float has 53 bits, and rounds an integer of so many digits."""
    assert is_card_number("4000000000000000071")
    assert without_card_numbers_in({"n": 4000000000000000071}) == {"n": "••••"}


VALUES = [None, True, 0, -4111111111111111, 1.5, 1e300, float("inf"), 10**400, 1767000000000000]


@pytest.mark.parametrize("value", VALUES)
def test_other_values_stay(value: Any) -> None:
    assert without_card_numbers_in(value) == value


def luhn(digits: str) -> str:
    """Return the digits with the one that makes them pass."""
    return next(digits + last for last in "0123456789" if is_card_number(digits + last))


WORDS = "zero one two three four five six seven eight nine".split()  # noqa: SIM905  as it is said
GAPS = st.sampled_from([" ", "-", ", ", ". ", " uh ", " and ", "\n"])


@given(
    digits=st.text("0123456789", min_size=14, max_size=14),
    gaps=st.lists(GAPS, min_size=16, max_size=16),
    spoken=st.lists(st.booleans(), min_size=16, max_size=16),
)
def test_no_mix_of_words_and_digits_hides_a_card(
    digits: str, gaps: list[str], spoken: list[bool]
) -> None:
    number = luhn(f"4{digits}")
    parts = [WORDS[int(one)] if said else one for one, said in zip(number, spoken, strict=True)]
    text = "".join(f"{part}{gap}" for part, gap in zip(parts, gaps, strict=True))
    assert without_card_numbers(f"it is {text}bye").startswith("it is ••••")


@given(text=st.text())
def test_any_text_is_taken_and_nothing_is_left_to_take(text: str) -> None:
    once = without_card_numbers(text)
    assert without_card_numbers(once) == once
