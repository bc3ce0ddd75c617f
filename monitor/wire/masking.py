"""Masks the numbers and addresses at which callers can be called, for those who may not see them.

The last digits stay, so that people can tell callers apart and name one to a colleague. At most
half of a number's digits and at most SHOWN of them are shown, and the masked form does not tell
how many there were.
"""

from __future__ import annotations

import re
from functools import partial

MASK = "•••"
SHOWN = 4  # digits at the end of a number, at most
FEWEST = 3  # digits of a caller's number; fewer are part of a name, as in "Studio 54"

#: What is masked: of a SIP or mail address, what stands before the @; and digits with little
#: between them. A mask before them belongs to them.
PARTS = re.compile(
    r"(?P<scheme>(?:sips?|mailto):)?(?P<user>[^\s<>\"'@]+)(?P<host>@[^\s<>\"'@;?]*)"
    rf"|(?P<number>(?:{MASK})?[+(]*\d(?:[\s().\-/–]{{0,3}}\d)*)"
)
#: What is masked already.
DONE = re.compile(rf"{MASK}\d{{0,{SHOWN}}}")


def masked(text: str, fewest: int = FEWEST) -> str:
    """Return the text with each number and each address in it masked. A number has ``fewest``
    digits or more.

    ``+1 415 555 0142`` becomes ``•••0142``, ``sip:4155550142@pbx.example`` becomes
    ``sip:•••0142@pbx.example``, and ``sip:ann@pbx.example`` becomes ``sip:•••@pbx.example``. Names
    and words such as *anonymous* stay.
    """
    return PARTS.sub(partial(_mask, fewest), text)


def _mask(fewest: int, found: re.Match[str]) -> str:
    number, user = found["number"], found["user"]
    if number:
        return number if _count_digits(number) < fewest else _number(number)
    is_name = any(character.isalpha() for character in user)
    return (found["scheme"] or "") + (MASK if is_name else _number(user)) + found["host"]


def _number(text: str) -> str:
    if DONE.fullmatch(text):
        return text
    digits = "".join(character for character in text if character.isdigit())
    shown = min(SHOWN, len(digits) // 2)
    return MASK + digits[len(digits) - shown :]


def _count_digits(text: str) -> int:
    return sum(character.isdigit() for character in text)
