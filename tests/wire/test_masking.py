"""What is left of numbers and addresses for those who may not see them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.wire.masking import MASK, SHOWN, masked


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("+14155550142", "•••0142"),
        ("+1 (415) 555-0142", "•••0142"),
        ("0049 30/1234–5678", "•••5678"),
        ("tel:+1-415-555-0142", "tel:•••0142"),
        ("+15550001", "•••0001"),
        ("555014", "•••014"),
        ("1001", "•••01"),
        ("911", "•••1"),
        ("٠١٢٣٤٥٦٧٨٩", "•••٦٧٨٩"),
    ],
)
def test_of_a_number_at_most_half_and_four_digits_are_left(text: str, left: str) -> None:
    assert masked(text) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("sip:+14155550142@10.20.30.40:5060", "sip:•••0142@10.20.30.40:5060"),
        ("sips:4155550142@pbx.example;user=phone", "sips:•••0142@pbx.example;user=phone"),
        ("sip:ann.lee@pbx.example", "sip:•••@pbx.example"),
        ("sip:ann:secret@pbx.example", "sip:•••@pbx.example"),
        ("sip:ext2041@pbx.example", "sip:•••@pbx.example"),
        ("sip:7@pbx.example", "sip:•••@pbx.example"),
        ("ann@mail.example", "•••@mail.example"),
        ('"Ann Lee" <sip:4155550142@pbx.example>;tag=5550142', None),
    ],
)
def test_of_an_address_the_host_is_left(text: str, left: str | None) -> None:
    quoted = '"Ann Lee" <sip:•••0142@pbx.example>;tag=•••142'
    assert masked(text) == (left or quoted)


@pytest.mark.parametrize("text", ["", "Ann Lee", "anonymous", "Restricted", "Studio 54", "José 2º"])
def test_names_and_words_are_left(text: str) -> None:
    assert masked(text) == text


def test_a_mask_of_ones_own_hides_nothing_from_the_mask() -> None:
    assert masked("•••4155550142") == "•••0142"


def test_shorter_numbers_are_left_where_only_long_ones_are_masked() -> None:
    assert masked("ticket 471123 of 4155550142", fewest=7) == "ticket 471123 of •••0142"


def test_a_number_in_a_name_is_masked() -> None:
    assert masked("Ann Lee 415-555-0142 mobile") == "Ann Lee •••0142 mobile"


@given(st.integers(min_value=100), st.sampled_from(["", "+", "sip:", "Ann "]), st.booleans())
def test_no_more_than_the_last_digits_can_be_read(number: int, before: str, is_sip: bool) -> None:
    written = f"{before}{number}" + ("@pbx.example" if is_sip else "")
    _, _, after = masked(written).partition(MASK)
    left = "".join(filter(str.isdigit, after))
    assert len(left) <= min(SHOWN, len(str(number)) // 2)
    assert str(number).endswith(left)


@given(st.integers(min_value=100), st.sampled_from(["", "+", "sip:", "Ann "]), st.booleans())
def test_masking_twice_hides_nothing_more(number: int, before: str, is_sip: bool) -> None:
    once = masked(f"{before}{number}" + ("@pbx.example" if is_sip else ""))
    assert masked(once) == once
