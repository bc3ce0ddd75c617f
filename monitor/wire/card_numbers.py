"""Takes payment card numbers out of texts, whether they are written or spoken.

A number is a chain of digits and number words with little else between them, so "4111-1111 …",
"four one one one …", "double four", "forty-one eleven" and "cuatro uno uno uno" are all read. Of
each chain, whatever begins as the cards of an issuer do, has as many digits as they have, and
passes Luhn's check (ISO/IEC 7812-1) is replaced. Other numbers pass by chance: the check lets one
of ten through, and the issuers' ranges and lengths keep out most of those.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from monitor.wire.number_words import PART, Part, has_parts, part_at, touches
from monitor.wire.text import map_texts

#: What stands in the place of a number.
REMOVED = "••••"

LENGTHS = range(13, 20)  # digits of a card number
LARGEST = 10 ** LENGTHS[-1]  # which no card number reaches
GAP = 8  # characters that are neither letters nor digits, at most, between two parts of a number

#: How the cards of an issuer begin, and how many digits they have.
ISSUERS = re.compile(
    r"4(\d{12}|\d{15}|\d{18})"  # Visa
    r"|5[1-5]\d{14}|222[1-9]\d{12}|22[3-9]\d{13}|2[3-6]\d{14}|27[01]\d{13}|2720\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(0[0-5]|09|[689]\d)\d{11,16}"  # Diners Club
    r"|35\d{14,17}"  # JCB
    r"|(5[06-8]|6\d)\d{11,17}"  # Maestro, Discover, UnionPay, RuPay
)
#: Each of these begins with one of these digits.
FIRST_DIGITS = "23456"

BETWEEN = (
    "and then uh um er erm hmm ah okay ok yes yeah right next so dash hyphen minus space slash dot "
    "comma point period y luego eh vale sí bien guion guión espacio coma"
)
#: Words between the parts of a number that are no part of it.
FILLERS = frozenset(BETWEEN.split())


def without_card_numbers(text: str) -> str:
    """Return the text with ``••••`` in the place of every card number."""
    removed: list[tuple[int, int]] = []
    for chain in chains(text):
        for start, end in _cards(chain):
            if removed and start <= removed[-1][1]:
                removed[-1] = (removed[-1][0], max(end, removed[-1][1]))
            else:
                removed.append((start, end))
    for start, end in reversed(removed):
        text = text[:start] + REMOVED + text[end:]
    return text


def without_card_numbers_in(value: Any) -> Any:
    """Return a JSON value without the card numbers in its texts, its keys and its numbers."""
    return map_texts(value, without_card_numbers, _without_card_number)


def _without_card_number(number: int | float) -> Any:
    is_whole = 0 < number < LARGEST and number == number // 1
    return REMOVED if is_whole and is_card_number(str(int(number))) else number


def is_card_number(digits: str) -> bool:
    """Return whether these ASCII digits could be the number of a card."""
    return ISSUERS.fullmatch(digits) is not None and _passes_luhn(digits)


def _passes_luhn(digits: str) -> bool:
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(n - 9 * (n > 9) for n in doubled)) % 10 == 0


def _cards(chain: list[Part]) -> Iterator[tuple[int, int]]:
    """Yield from where to where each card number of a chain goes, in the order of their starts.

    They may overlap: of several readings all are removed. A number begins and ends with a part.
    """
    for first in range(len(chain)):
        digits = ""
        for part in chain[first:]:
            digits += part.digits
            if len(digits) >= LENGTHS.stop:
                break
            if len(digits) in LENGTHS and is_card_number(digits):
                yield chain[first].start, part.end


def chains(text: str) -> Iterator[list[Part]]:
    """Yield the parts of a text that follow each other closely enough to be one number."""
    if not has_parts(text):
        return
    chain: list[Part] = []
    end = 0  # of what the chain goes on from: its last part, or a filler
    words = list(PART.finditer(text))
    skip = 0
    for index, word in enumerate(words):
        if skip:
            skip -= 1
            continue
        part, skip = part_at(text, words, index)
        is_close = word.start() - end <= GAP and not touches(text, word)
        if chain and not (is_close and (part or word[0].lower() in FILLERS)):
            yield chain
            chain = []
        if part:
            chain.append(part)
        end = part.end if part else word.end()
    if chain:
        yield chain
